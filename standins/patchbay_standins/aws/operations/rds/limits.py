"""What RDS asks of an instance beyond its shape: versions, disks, parameter groups. MariaDB's only.

Each refusal's words are those that the issue beside it quotes.
"""

from typing import Any, Final

from patchbay_standins.aws.operations.rds.api import backend
from patchbay_standins.aws.service import AwsError, Call

_ENGINE: Final = "mariadb"
# Those that CloudFormation's linter lists, without 10.3 and older ones (ansible-collections/amazon.aws 1238).
SERIES: Final = ("10.4", "10.5", "10.6", "10.11", "11.4", "11.8", "12.3")
# MariaDB's documentation has them as not dynamic: they count from the next start on.
_STATIC: Final = frozenset({"lower_case_table_names", "performance_schema", "skip_name_resolve"})
_LEAST_GIB: Final = 20
# From here on a gp3 disk is of four volumes, whose IOPS and throughput can be chosen.
_STRIPED_GIB: Final = 400
_ROOM: Final = 1.1


def refused(message: str) -> AwsError:
    return AwsError("InvalidParameterCombination", message)


def series(version: str) -> str:
    """11.4 of 11.4.8: what a parameter group's family is named for."""
    return ".".join(version.split(".")[:2])


def require_new(call: Call) -> None:
    """What CreateDBInstance refuses."""
    if call.get("Engine") != _ENGINE:
        return
    version = call.get("EngineVersion")
    if version:
        _require_offered(version)
        _require_family(call, version)
    size = int(call.get("AllocatedStorage", _LEAST_GIB))
    kind = call.get("StorageType", "gp2")
    if size < _LEAST_GIB and kind in {"gp2", "gp3"}:
        # convox/rack 2846
        raise refused(f"Invalid storage size for engine name {_ENGINE} and storage type {kind}: {size}")
    _require_plain_disk(call, size, kind)
    _require_room(call, size)


def require_change(call: Call, instance: Any) -> None:
    """What ModifyDBInstance refuses."""
    if instance.engine != _ENGINE:
        return
    old, new = str(instance.engine_version), call.get("EngineVersion")
    if new and new != old:
        _require_later(call, old, new)
        _require_newer_replicas(call, instance, new)
    _require_family(call, new or old)
    size = int(call.get("AllocatedStorage", instance.allocated_storage))
    _require_plain_disk(call, size, call.get("StorageType", instance.storage_type))
    _require_room(call, size)


def require_apply_methods(call: Call) -> None:
    """What ModifyDBParameterGroup refuses."""
    for parameter in call["Parameters"]:
        if parameter.get("ApplyMethod") == "immediate" and parameter.get("ParameterName") in _STATIC:
            # ministryofjustice/cloud-platform-environments 3649
            raise refused("cannot use immediate apply method for static parameter")


def _require_offered(version: str) -> None:
    if series(version) not in SERIES:
        # ansible-collections/amazon.aws 1238
        raise refused(f"Cannot find version {version} for {_ENGINE}")


def _require_later(call: Call, old: str, new: str) -> None:
    _require_offered(new)
    if _is_older(new, old):
        # ministryofjustice/cloud-platform-environments 25312
        raise refused(f"Cannot upgrade {_ENGINE} from {old} to {new}")
    if series(new) != series(old) and not call.get("AllowMajorVersionUpgrade", False):
        # aws-controllers-k8s/community 1265
        raise refused("The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version.")


def _require_newer_replicas(call: Call, instance: Any, new: str) -> None:
    held = backend(call).databases
    behind = [name for name in instance.replicas if name in held and _is_older(str(held[name].engine_version), new)]
    if behind:
        # app-sre/qontract-reconcile 4873
        raise AwsError(
            "DBUpgradeDependencyFailure",
            f"One or more of the DB Instance's read replicas need to be upgraded: {', '.join(behind)}",
        )


def _is_older(version: str, other: str) -> bool:
    """A version without its last part is the newest of its series."""
    one, two = ([int(part) for part in text.split(".")] for text in (version, other))
    return one < two[: len(one)]


def _require_family(call: Call, version: str) -> None:
    name = call.get("DBParameterGroupName")
    group = backend(call).db_parameter_groups.get(name) if name else None
    wanted = f"{_ENGINE}{series(version)}"
    if group is not None and group.family != wanted:
        # aws-quickstart/quickstart-r3-corda 25
        raise refused(
            f"The Parameter Group {name} with DBParameterGroupFamily {group.family} cannot be used for this instance. "
            f"Please use a Parameter Group with DBParameterGroupFamily {wanted}"
        )


def _require_plain_disk(call: Call, size: int, kind: str) -> None:
    chosen = call.get("Iops") is not None or call.get("StorageThroughput") is not None
    if kind == "gp3" and chosen and size < _STRIPED_GIB:
        # hashicorp/terraform-provider-aws 28160
        raise refused(
            f"You can't specify IOPS or storage throughput for engine {_ENGINE} and a storage size less than "
            f"{_STRIPED_GIB}."
        )


def _require_room(call: Call, size: int) -> None:
    """The least limit of a growing disk; no limit, or the disk's size in a change, is a disk that does not grow."""
    most = call.get("MaxAllocatedStorage")
    if most is None or (call.operation == "ModifyDBInstance" and int(most) == size):
        return
    if int(most) <= size:
        # ministryofjustice/cloud-platform-environments 7483
        raise refused("Max storage size must be greater than storage size")
    if int(most) < size * _ROOM:
        # ministryofjustice/cloud-platform-environments 24410
        raise refused("The maximum allocated storage must be increased by at least 10 percent.")
