"""EKS starts a node group from a launch template for those who might start its instances themselves.

Source: EKS user guide, "Customizing managed nodes with launch templates"; the schema AWS::EKS::Nodegroup.
"""

from collections.abc import Iterator
from typing import Any, Final

from moto.ec2.models import ec2_backends

from patchbay_standins.aws.record import context, ec2, tags, values
from patchbay_standins.aws.record.question import Question
from patchbay_standins.aws.service import Call

SOURCE: Final = "schema:AWS::EKS::Nodegroup"
_CALLS: Final = frozenset({"CreateNodegroup", "UpdateNodegroupVersion"})
# What an instance is started with, of which none is there yet.
_STARTED: Final = ("instance", "volume", "network-interface")


def questions(call: Call) -> Iterator[Question]:
    if call.service != "eks" or call.operation not in _CALLS or not call.get("launchTemplate"):
        return
    template = ec2_backends[call.account][call.region].launch_templates.get(call["launchTemplate"].get("id", ""))
    if template is None:
        return
    number = str(call["launchTemplate"].get("version") or "$Default")
    version = template.default_version() if number == "$Default" else template.get_version(number)
    data: dict[str, Any] = version.data
    here = context.here(call)
    for kind in _STARTED:
        given = _given(kind, data)
        asked = {f"aws:RequestTag/{key}": value for key, value in given.items()}
        new = ec2.arn(kind, "*", call)
        yield Question("ec2:RunInstances", new, {**here, **asked})
        if given:
            yield Question("ec2:CreateTags", new, {**here, **asked, "ec2:CreateAction": "RunInstances"})
    yield Question("ec2:RunInstances", ec2.arn("image", "*", call), here)
    named = {template.id, *values.texts(call.get("subnets", [])), *values.texts(data.get("SecurityGroupIds", []))}
    for identifier in sorted(named):
        if referred := ec2.kind_of(identifier):
            arn = ec2.arn(referred, identifier, call)
            borne = {f"aws:ResourceTag/{key}": value for key, value in tags.of(arn, call.account).items()}
            yield Question("ec2:RunInstances", arn, {**here, **borne})


def _given(kind: str, data: dict[str, Any]) -> dict[str, str]:
    entries = data.get("TagSpecifications") or data.get("TagSpecification") or []
    found: dict[str, str] = {}
    for entry in entries:
        if entry.get("ResourceType") == kind:
            found |= values.pairs(entry.get("Tags") or entry.get("Tag"))
    return found
