"""AWS Backup: what a plan backs up, changes of a plan, and what is refused.

moto keeps a plan that was deleted, and its name with it.
"""

from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

from moto.backup.models import BackupBackend, Plan, Vault, backup_backends

from patchbay_standins.aws.service import BY_MOTO, AwsError, Call, Result, Served, Service

SERVICE: Final = Service("backup")


class Selections:
    """By plan and id, as boto3 shows them."""

    def __init__(self) -> None:
        self.of: dict[str, dict[str, dict[str, Any]]] = {}


def _moto(call: Call) -> BackupBackend:
    found: BackupBackend = backup_backends[call.account][call.region]
    return found


def _plan(call: Call) -> Plan:
    found: Plan = _moto(call).get_backup_plan(call["BackupPlanId"], None)
    return found


def _selections(call: Call) -> dict[str, dict[str, Any]]:
    return call.state(Selections).of.setdefault(_plan(call).backup_plan_id, {})


def _selection(call: Call) -> dict[str, Any]:
    found = _selections(call).get(call["SelectionId"])
    if found is None:
        raise AwsError("ResourceNotFoundException", "Cannot find Backup plan selection with provided ID")
    return found


@SERVICE.operation("CreateBackupPlan")
def create_backup_plan(call: Call) -> Served:
    _require_vaults(call, call["BackupPlan"])
    return BY_MOTO


@SERVICE.operation("UpdateBackupPlan")
def update_backup_plan(call: Call) -> Result:
    _require_vaults(call, call["BackupPlan"])
    plan = _plan(call)
    changed = Plan(backup_plan=_plain(call["BackupPlan"]), creator_request_id="", backend=_moto(call))
    plan.backup_plan, plan.version_id = changed.backup_plan, changed.version_id
    return {"BackupPlanId": plan.backup_plan_id, "BackupPlanArn": plan.backup_plan_arn, "VersionId": plan.version_id}


@SERVICE.operation("DeleteBackupPlan")
def delete_backup_plan(call: Call) -> Result:
    plan = _plan(call)
    if _selections(call):
        raise AwsError(
            "InvalidRequestException", "Related backup plan selections must be deleted prior to backup plan deletion"
        )
    del _moto(call).plans[plan.backup_plan_id]
    return {"BackupPlanId": plan.backup_plan_id, "DeletionDate": datetime.now(UTC)}


@SERVICE.operation("CreateBackupSelection")
def create_backup_selection(call: Call) -> Result:
    given, found = call["BackupSelection"], _selections(call)
    if any(one["SelectionName"] == given["SelectionName"] for one in found.values()):
        raise AwsError("AlreadyExistsException", "Backup selection with the same name already exists")
    identifier = str(uuid4())
    found[identifier] = _plain(given)
    return {"SelectionId": identifier, "BackupPlanId": call["BackupPlanId"], "CreationDate": datetime.now(UTC)}


@SERVICE.operation("GetBackupSelection")
def get_backup_selection(call: Call) -> Result:
    return {
        "BackupSelection": _selection(call),
        "SelectionId": call["SelectionId"],
        "BackupPlanId": call["BackupPlanId"],
    }


@SERVICE.operation("ListBackupSelections")
def list_backup_selections(call: Call) -> Result:
    return {
        "BackupSelectionsList": [
            {
                "SelectionId": identifier,
                "SelectionName": one["SelectionName"],
                "BackupPlanId": call["BackupPlanId"],
                "IamRoleArn": one["IamRoleArn"],
            }
            for identifier, one in _selections(call).items()
        ]
    }


@SERVICE.operation("DeleteBackupSelection")
def delete_backup_selection(call: Call) -> None:
    _selection(call)
    del _selections(call)[call["SelectionId"]]


def _require_vaults(call: Call, plan: Any) -> None:
    """A rule writes into a vault of this account and region that is there, and keeps what the vault's lock demands."""
    for rule in plan["Rules"]:
        vault: Vault | None = _moto(call).vaults.get(rule["TargetBackupVaultName"])
        if vault is None:
            raise AwsError(
                "InvalidParameterValueException", f"Backup vault {rule['TargetBackupVaultName']} does not exist"
            )


def _plain(value: Any) -> Any:
    """Without the types that the parser makes."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value
