"""Cache parameter groups: only the parameters that differ from the family's are kept and listed."""

from typing import Final

from patchbay_standins.aws.operations.elasticache.store import SERVICE, Shown, absent, chosen, one, store
from patchbay_standins.aws.service import AwsError, Call, Result

_MISSING: Final = "CacheParameterGroupNotFound"


def _named(call: Call) -> Shown:
    return one(store(call).parameter_groups, call["CacheParameterGroupName"], _MISSING, "CacheParameterGroup")


@SERVICE.operation("CreateCacheParameterGroup")
def create_cache_parameter_group(call: Call) -> Result:
    name = call["CacheParameterGroupName"]
    held = store(call)
    absent(held.parameter_groups, name, "CacheParameterGroupAlreadyExists", "CacheParameterGroup")
    group: Shown = {
        "CacheParameterGroupName": name,
        "CacheParameterGroupFamily": call["CacheParameterGroupFamily"],
        "Description": call["Description"],
        "IsGlobal": False,
        "ARN": call.arn(f"parametergroup:{name}"),
    }
    held.parameter_groups[name] = group
    held.parameters[name] = {}
    held.tag(group["ARN"], call.get("Tags"))
    return {"CacheParameterGroup": group}


@SERVICE.operation("DescribeCacheParameterGroups")
def describe_cache_parameter_groups(call: Call) -> Result:
    groups = store(call).parameter_groups
    return {
        "CacheParameterGroups": chosen(groups, call.get("CacheParameterGroupName"), _MISSING, "CacheParameterGroup")
    }


@SERVICE.operation("DescribeCacheParameters")
def describe_cache_parameters(call: Call) -> Result:
    name = _named(call)["CacheParameterGroupName"]
    changed = store(call).parameters[name] if call.get("Source", "user") == "user" else {}
    return {
        "Parameters": [
            {"ParameterName": parameter, "ParameterValue": value, "Source": "user", "IsModifiable": True}
            for parameter, value in changed.items()
        ]
    }


@SERVICE.operation("ModifyCacheParameterGroup")
def modify_cache_parameter_group(call: Call) -> Result:
    name = _named(call)["CacheParameterGroupName"]
    store(call).parameters[name].update(
        {changed["ParameterName"]: changed["ParameterValue"] for changed in call["ParameterNameValues"]}
    )
    return {"CacheParameterGroupName": name}


@SERVICE.operation("ResetCacheParameterGroup")
def reset_cache_parameter_group(call: Call) -> Result:
    name = _named(call)["CacheParameterGroupName"]
    changed = store(call).parameters[name]
    if call.get("ResetAllParameters"):
        changed.clear()
    for parameter in call.get("ParameterNameValues", ()):
        changed.pop(parameter["ParameterName"], None)
    return {"CacheParameterGroupName": name}


@SERVICE.operation("DeleteCacheParameterGroup")
def delete_cache_parameter_group(call: Call) -> None:
    group = _named(call)
    name = group["CacheParameterGroupName"]
    held = store(call)
    users = [
        cluster["CacheClusterId"]
        for cluster in held.clusters.values()
        if cluster["CacheParameterGroup"]["CacheParameterGroupName"] == name
    ]
    if users:
        raise AwsError("InvalidCacheParameterGroupState", f"CacheParameterGroup {name} is in use by {users[0]}.")
    del held.parameter_groups[name], held.parameters[name], held.tags[group["ARN"]]
