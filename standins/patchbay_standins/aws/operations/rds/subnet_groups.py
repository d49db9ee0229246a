"""Subnet groups: two zones at least, no group twice, none deleted in use. moto forgets a group that is changed."""

from typing import Any

from moto.ec2.models import ec2_backends

from patchbay_standins.aws.moto_objects import shown
from patchbay_standins.aws.operations.rds.api import SERVICE, backend
from patchbay_standins.aws.service import BY_MOTO, AwsError, Call, Result, Served


def _spread(call: Call) -> list[Any]:
    """The call's subnets."""
    subnets = [ec2_backends[call.account][call.region].get_subnet(subnet) for subnet in call["SubnetIds"]]
    if len({subnet.vpc_id for subnet in subnets}) > 1:
        raise AwsError("InvalidSubnet", "The subnets of a DB subnet group must be in one VPC.")
    if len({subnet.availability_zone for subnet in subnets}) < 2:
        raise AwsError(
            "DBSubnetGroupDoesNotCoverEnoughAZs",
            "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. Add subnets of a second AZ.",
        )
    return subnets


@SERVICE.operation("CreateDBSubnetGroup")
def create_db_subnet_group(call: Call) -> Served:
    name = call["DBSubnetGroupName"]
    if name in backend(call).subnet_groups:
        raise AwsError("DBSubnetGroupAlreadyExists", f"The DB subnet group {name} already exists.")
    _spread(call)
    return BY_MOTO


@SERVICE.operation("ModifyDBSubnetGroup")
def modify_db_subnet_group(call: Call) -> Result:
    name = call["DBSubnetGroupName"]
    groups = backend(call).subnet_groups
    if name not in groups:
        raise AwsError("DBSubnetGroupNotFoundFault", f"DBSubnetGroup {name} not found.", status=404)
    group = groups[name]
    group.subnets = _spread(call)
    if call.get("DBSubnetGroupDescription") is not None:
        group.description = call["DBSubnetGroupDescription"]
    return shown(call, {"DBSubnetGroup": group})


@SERVICE.operation("DeleteDBSubnetGroup")
def delete_db_subnet_group(call: Call) -> Served:
    name = call["DBSubnetGroupName"]
    for instance in backend(call).databases.values():
        group = getattr(instance, "db_subnet_group", None)
        if group and group.name == name.lower():
            raise AwsError(
                "InvalidDBSubnetGroupStateFault",
                f"Cannot delete the subnet group '{name}' because at least one database instance: "
                f"{instance.db_instance_identifier} is still using it.",
            )
    return BY_MOTO
