"""Security Hub: an account has it once in a region; its settings, and the standards that it judges by."""

from typing import Any, Final

from moto.securityhub.models import SecurityHubBackend, securityhub_backends

from patchbay_standins.aws.service import BY_MOTO, AwsError, Call, Result, Served, Service

SERVICE: Final = Service("securityhub")


class Hub:
    """What moto has no place for. `standards`: subscriptions by ARN."""

    def __init__(self) -> None:
        self.auto_enable_controls = True
        self.control_finding_generator = "SECURITY_CONTROL"
        self.standards: dict[str, dict[str, Any]] = {}


def _moto(call: Call) -> SecurityHubBackend:
    found: SecurityHubBackend = securityhub_backends[call.account][call.region]
    return found


def _hub(call: Call) -> Hub:
    if not _moto(call).enabled:
        raise AwsError("InvalidAccessException", f"Account {call.account} is not subscribed to AWS Security Hub")
    return call.state(Hub)


@SERVICE.operation("EnableSecurityHub")
def enable_security_hub(call: Call) -> Served:
    if _moto(call).enabled:
        raise AwsError("ResourceConflictException", "Account is already subscribed to Security Hub")
    hub = call.state(Hub)
    hub.standards.clear()
    hub.auto_enable_controls = True
    hub.control_finding_generator = call.get("ControlFindingGenerator", "SECURITY_CONTROL")
    return BY_MOTO


@SERVICE.operation("DescribeHub")
def describe_hub(call: Call) -> Result:
    hub = _hub(call)
    return {
        "HubArn": call.arn("hub/default"),
        "SubscribedAt": _moto(call).enabled_at or "",
        "AutoEnableControls": hub.auto_enable_controls,
        "ControlFindingGenerator": hub.control_finding_generator,
    }


@SERVICE.operation("UpdateSecurityHubConfiguration")
def update_security_hub_configuration(call: Call) -> None:
    hub = _hub(call)
    hub.auto_enable_controls = call.get("AutoEnableControls", hub.auto_enable_controls)
    hub.control_finding_generator = call.get("ControlFindingGenerator", hub.control_finding_generator)


@SERVICE.operation("BatchEnableStandards")
def batch_enable_standards(call: Call) -> Result:
    hub, enabled = _hub(call), []
    for wanted in call["StandardsSubscriptionRequests"]:
        standard = wanted["StandardsArn"]
        arn = call.arn(f"subscription/{standard.partition('standards/')[2]}")
        hub.standards[arn] = {
            "StandardsSubscriptionArn": arn,
            "StandardsArn": standard,
            "StandardsInput": dict(wanted.get("StandardsInput", {})),
            "StandardsStatus": "READY",
        }
        enabled.append(hub.standards[arn])
    return {"StandardsSubscriptions": enabled}


@SERVICE.operation("GetEnabledStandards")
def get_enabled_standards(call: Call) -> Result:
    found = _hub(call).standards
    wanted = call.get("StandardsSubscriptionArns", list(found))
    return {"StandardsSubscriptions": [found[arn] for arn in wanted if arn in found]}


@SERVICE.operation("BatchDisableStandards")
def batch_disable_standards(call: Call) -> Result:
    found = _hub(call).standards
    gone = [found.pop(arn) for arn in call["StandardsSubscriptionArns"] if arn in found]
    return {"StandardsSubscriptions": [{**one, "StandardsStatus": "DELETING"} for one in gone]}
