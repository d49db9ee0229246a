"""Cache subnet groups."""

from collections.abc import Sequence
from typing import Final

from moto.ec2.models import ec2_backends

from patchbay_standins.aws.operations.elasticache.store import SERVICE, Shown, absent, chosen, one, store
from patchbay_standins.aws.service import AwsError, Call, Result

_MISSING: Final = "CacheSubnetGroupNotFoundFault"


def _placed(call: Call, subnet_ids: Sequence[str]) -> Shown:
    # floci-io/floci 2401, which tells of both refusals as AWS gave them.
    known = {subnet.id: subnet for subnet in ec2_backends[call.account][call.region].describe_subnets()}
    absent_ids = [name for name in subnet_ids if name not in known]
    if absent_ids:
        raise AwsError("InvalidParameterValue", f"Some input subnets in :[{', '.join(absent_ids)}] are invalid.")
    subnets = [known[name] for name in subnet_ids]
    for subnet in subnets[1:]:
        if subnet.vpc_id != subnets[0].vpc_id:
            raise AwsError("InvalidSubnet", f"Subnets {subnets[0].id} and {subnet.id} are not in the same VPC.")
    return {
        "VpcId": subnets[0].vpc_id,
        "Subnets": [
            {
                "SubnetIdentifier": subnet.id,
                "SubnetAvailabilityZone": {"Name": subnet.availability_zone},
                "SupportedNetworkTypes": ["ipv4"],
            }
            for subnet in subnets
        ],
        "SupportedNetworkTypes": ["ipv4"],
    }


@SERVICE.operation("CreateCacheSubnetGroup")
def create_cache_subnet_group(call: Call) -> Result:
    name = call["CacheSubnetGroupName"].lower()
    held = store(call)
    absent(held.subnet_groups, name, "CacheSubnetGroupAlreadyExists", "CacheSubnetGroup")
    group: Shown = {
        "CacheSubnetGroupName": name,
        "CacheSubnetGroupDescription": call["CacheSubnetGroupDescription"],
        "ARN": call.arn(f"subnetgroup:{name}"),
        **_placed(call, call["SubnetIds"]),
    }
    held.subnet_groups[name] = group
    held.tag(group["ARN"], call.get("Tags"))
    return {"CacheSubnetGroup": group}


@SERVICE.operation("DescribeCacheSubnetGroups")
def describe_cache_subnet_groups(call: Call) -> Result:
    groups = store(call).subnet_groups
    return {"CacheSubnetGroups": chosen(groups, call.get("CacheSubnetGroupName"), _MISSING, "CacheSubnetGroup")}


@SERVICE.operation("ModifyCacheSubnetGroup")
def modify_cache_subnet_group(call: Call) -> Result:
    group = one(store(call).subnet_groups, call["CacheSubnetGroupName"], _MISSING, "CacheSubnetGroup")
    if call.get("CacheSubnetGroupDescription") is not None:
        group["CacheSubnetGroupDescription"] = call["CacheSubnetGroupDescription"]
    if call.get("SubnetIds"):
        group.update(_placed(call, call["SubnetIds"]))
    return {"CacheSubnetGroup": group}


@SERVICE.operation("DeleteCacheSubnetGroup")
def delete_cache_subnet_group(call: Call) -> None:
    held = store(call)
    name = call["CacheSubnetGroupName"]
    group = one(held.subnet_groups, name, _MISSING, "CacheSubnetGroup")
    for cluster in held.clusters.values():
        if cluster.get("CacheSubnetGroupName") == name:
            raise AwsError(
                "CacheSubnetGroupInUse", f"CacheSubnetGroup {name} is in use by {cluster['CacheClusterId']}."
            )
    del held.subnet_groups[name], held.tags[group["ARN"]]
