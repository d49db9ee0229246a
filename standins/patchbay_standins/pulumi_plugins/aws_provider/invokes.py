"""The functions that a program may call."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from patchbay_standins.pulumi_plugins.aws_provider.clients import Clients
from patchbay_standins.pulumi_plugins.aws_provider.policy_document import policy_document
from patchbay_standins.pulumi_plugins.plugin.errors import ProviderError

Arguments = Mapping[str, Any]
_SUFFIXES: Final = {"aws-cn": "amazonaws.com.cn"}


def _caller_identity(_: Arguments, clients: Clients, region: str) -> dict[str, Any]:
    answer = clients.call("sts", region, "get_caller_identity", {})
    return {
        "accountId": answer["Account"],
        "arn": answer["Arn"],
        "userId": answer["UserId"],
        "id": answer["Account"],
    }


def _region(arguments: Arguments, clients: Clients, region: str) -> dict[str, Any]:
    if arguments.get("endpoint"):
        message = "getRegion: `endpoint` is not supported by the AWS provider's stand-in: give `region`"
        raise ProviderError(message)
    name = arguments.get("region") or region
    found = clients.call("ec2", region, "describe_regions", {"RegionNames": [name], "AllRegions": True})["Regions"]
    endpoint = found[0]["Endpoint"] if found else f"ec2.{name}.amazonaws.com"
    return {"id": name, "name": name, "region": name, "endpoint": endpoint, "description": name}


def _zones(arguments: Arguments, clients: Clients, region: str) -> dict[str, Any]:
    parameters: dict[str, Any] = {"AllAvailabilityZones": bool(arguments.get("allAvailabilityZones"))}
    filters = [{"Name": item["name"], "Values": item["values"]} for item in arguments.get("filters") or ()]
    if arguments.get("state"):
        filters.append({"Name": "state", "Values": [arguments["state"]]})
    if filters:
        parameters["Filters"] = filters
    region = arguments.get("region") or region
    found = [
        zone
        for zone in clients.call("ec2", region, "describe_availability_zones", parameters)["AvailabilityZones"]
        if zone["ZoneName"] not in (arguments.get("excludeNames") or ())
        and zone["ZoneId"] not in (arguments.get("excludeZoneIds") or ())
    ]
    return {
        **arguments,
        "id": region,
        "region": region,
        "groupNames": sorted({zone.get("GroupName", region) for zone in found}),
        "names": sorted(zone["ZoneName"] for zone in found),
        "zoneIds": [zone["ZoneId"] for zone in sorted(found, key=lambda zone: str(zone["ZoneName"]))],
    }


def _partition(_: Arguments, clients: Clients, region: str) -> dict[str, Any]:
    partition = str(clients.call("sts", region, "get_caller_identity", {})["Arn"]).split(":")[1]
    suffix = _SUFFIXES.get(partition, "amazonaws.com")
    reverse = ".".join(reversed(suffix.split(".")))
    return {"id": partition, "partition": partition, "dnsSuffix": suffix, "reverseDnsPrefix": reverse}


def _document(arguments: Arguments, _: Clients, __: str) -> dict[str, Any]:
    return policy_document(arguments)


def _clusters(_: Arguments, clients: Clients, region: str) -> dict[str, Any]:
    return {"id": region, "region": region, "names": _names(clients, region, "list_clusters", "clusters", {})}


def _node_groups(arguments: Arguments, clients: Clients, region: str) -> dict[str, Any]:
    cluster = arguments["clusterName"]
    names = _names(clients, region, "list_nodegroups", "nodegroups", {"clusterName": cluster})
    return {"id": cluster, "region": region, "clusterName": cluster, "names": names}


def _names(clients: Clients, region: str, operation: str, member: str, parameters: Arguments) -> list[str]:
    """All pages of an operation of EKS that lists names."""
    answer = clients.call("eks", region, operation, parameters)
    names = list(answer[member])
    while answer.get("nextToken"):
        answer = clients.call("eks", region, operation, {**parameters, "nextToken": answer["nextToken"]})
        names += answer[member]
    return names


def _node_group(arguments: Arguments, clients: Clients, region: str) -> dict[str, Any]:
    cluster, name = arguments["clusterName"], arguments["nodeGroupName"]
    parameters = {"clusterName": cluster, "nodegroupName": name}
    found = clients.call("eks", region, "describe_nodegroup", parameters)["nodegroup"]
    return {
        "id": f"{cluster}:{name}",
        "region": region,
        "clusterName": cluster,
        "nodeGroupName": name,
        "arn": found["nodegroupArn"],
        "status": found["status"],
        "version": found["version"],
        "releaseVersion": found["releaseVersion"],
        "amiType": found["amiType"],
        "capacityType": found["capacityType"],
        "instanceTypes": found.get("instanceTypes", []),
        "labels": found["labels"],
        "nodeRoleArn": found["nodeRole"],
        "scalingConfigs": [found["scalingConfig"]],
        "subnetIds": found["subnets"],
        "tags": found["tags"],
    }


def _database(arguments: Arguments, clients: Clients, region: str) -> dict[str, Any]:
    """What a program of ours asks of an instance."""
    name = arguments["dbInstanceIdentifier"]
    (found,) = clients.call("rds", region, "describe_db_instances", {"DBInstanceIdentifier": name})["DBInstances"]
    return {
        "id": name,
        "region": region,
        "dbInstanceIdentifier": name,
        "dbInstanceArn": found["DBInstanceArn"],
        "engine": found["Engine"],
        "engineVersion": found["EngineVersion"],
        "replicateSourceDb": found.get("ReadReplicaSourceDBInstanceIdentifier", ""),
        "resourceId": found["DbiResourceId"],
    }


_FUNCTIONS: Final[Mapping[str, Callable[[Arguments, Clients, str], dict[str, Any]]]] = {
    "aws:index/getAvailabilityZones:getAvailabilityZones": _zones,
    "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
    "aws:index/getPartition:getPartition": _partition,
    "aws:index/getRegion:getRegion": _region,
    "aws:eks/getClusters:getClusters": _clusters,
    "aws:eks/getNodeGroup:getNodeGroup": _node_group,
    "aws:eks/getNodeGroups:getNodeGroups": _node_groups,
    "aws:rds/getInstance:getInstance": _database,
    "aws:iam/getPolicyDocument:getPolicyDocument": _document,
}


def invoke(token: str, arguments: Arguments, clients: Clients, region: str) -> dict[str, Any]:
    """The result of a function. Raises ProviderError for one that is not known."""
    function = _FUNCTIONS.get(token)
    if function is None:
        message = f"the function {token} is not supported by the AWS provider's stand-in"
        raise ProviderError(message)
    return function(arguments, clients, region)
