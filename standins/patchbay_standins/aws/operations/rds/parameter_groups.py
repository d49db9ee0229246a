"""Parameter groups: not found and in use are errors, parameters can be reset."""

from patchbay_standins.aws.operations.rds.api import SERVICE, backend
from patchbay_standins.aws.operations.rds.limits import SERIES, require_apply_methods
from patchbay_standins.aws.service import BY_MOTO, AwsError, Call, Result, Served


def _check_exists(call: Call, name: str) -> None:
    if name not in backend(call).db_parameter_groups:
        raise AwsError("DBParameterGroupNotFound", f"DBParameterGroup not found: {name}", status=404)


@SERVICE.operation("CreateDBParameterGroup")
def create_db_parameter_group(call: Call) -> Served:
    family = call["DBParameterGroupFamily"]
    if family.startswith("mariadb") and family.removeprefix("mariadb") not in SERIES:
        # aws-cloudformation/cloudformation-coverage-roadmap 703
        raise AwsError("InvalidParameterValue", f"ParameterGroupFamily {family} is not a valid parameter group family")
    return BY_MOTO


@SERVICE.operation("ModifyDBParameterGroup")
def modify_db_parameter_group(call: Call) -> Served:
    require_apply_methods(call)
    return BY_MOTO


@SERVICE.operation("DescribeDBParameterGroups")
def describe_db_parameter_groups(call: Call) -> Served:
    if call.get("DBParameterGroupName"):
        _check_exists(call, call["DBParameterGroupName"])
    return BY_MOTO


@SERVICE.operation("ResetDBParameterGroup")
def reset_db_parameter_group(call: Call) -> Result:
    name = call["DBParameterGroupName"]
    _check_exists(call, name)
    parameters = backend(call).db_parameter_groups[name].parameters
    if call.get("ResetAllParameters"):
        parameters.clear()
    for parameter in call.get("Parameters", ()):
        parameters.pop(parameter["ParameterName"], None)
    return {"DBParameterGroupName": name}


@SERVICE.operation("DeleteDBParameterGroup")
def delete_db_parameter_group(call: Call) -> Served:
    name = call["DBParameterGroupName"]
    for instance in backend(call).databases.values():
        if instance.db_parameter_group_name == name:
            raise AwsError(
                "InvalidDBParameterGroupState",
                f"One or more database instances are still members of this parameter group {name}, "
                f"so the group cannot be deleted: {instance.db_instance_identifier}",
            )
    return BY_MOTO
