"""Cache subnet groups."""

from collections.abc import Sequence
from typing import Final

from moto.ec2.models import ec2_backends

from patchbay_standins.aws.operations.elasticache.store import SERVICE, Shown, absent, chosen, one, store
from patchbay_standins.aws.service import AwsError, Call, Result

_MISSING: Final = "CacheSubnetGroupNotFoundFault"


def _placed(call: Call, subnet_ids: Sequence[str]) -> Shown:
    subnets = ec2_backends[call.account][call.region].describe_subnets(subnet_ids=list(subnet_ids))
    if len({subnet.vpc_id for subnet in subnets}) > 1:
        raise AwsError("InvalidSubnet", "The subnets of a cache subnet group must be in one VPC.")
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
