"""Answers made of moto's own objects, for handlers that let moto's backend do the work."""

from collections.abc import Mapping
from typing import Any

from botocore import xform_name
from moto.core.serialize import AttributePickerContext, XFormedAttributePicker
from moto.core.utils import get_service_model

from patchbay_standins.aws.service import Call, Result

_picker = XFormedAttributePicker()


def shown(call: Call, answer: Mapping[str, Any]) -> Result:
    """The answer with every object of moto's turned into what boto3 shows, by the operation's output shape."""
    service = get_service_model(call.service)
    operation = service.operation_model(call.operation)

    def plain(value: Any, shape: Any) -> Any:
        if shape.type_name == "structure":
            members = {}
            for name, member in shape.members.items():
                member.parent = shape
                found = _picker(AttributePickerContext(value, name, member, operation, service))
                if found is not None:
                    members[name] = plain(found, member)
            return members
        if shape.type_name == "list":
            return [plain(item, shape.member) for item in value]
        return value

    result: Result = plain(answer, operation.output_shape)
    return result


def arguments(call: Call) -> dict[str, Any]:
    """The call's parameters under the names that moto's backends take: `db_instance_class` for `DBInstanceClass`."""
    return {xform_name(name): value for name, value in call.parameters.items()}
