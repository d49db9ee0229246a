"""Every AWS operation that the provider's table names, or that nodes come and go by, is served.

By moto, or by what is added to it: the test's id tells.
"""

import ast
import dataclasses
import inspect
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from types import ModuleType
from typing import Any, Final

import botocore.session
import pytest
from botocore.exceptions import ClientError
from botocore.model import ListShape, ServiceModel, Shape, StringShape, StructureShape
from patchbay_standins.aws.operations import ADDED
from patchbay_standins.pulumi_plugins.aws_provider import rows
from patchbay_standins.pulumi_plugins.aws_provider.row import Call

from tests.standins.aws.account import Account

Operation = tuple[str, str]  # a service, and an operation by its boto3 name


@cache
def _model(service: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(service)


@cache
def _names(service: str) -> Mapping[str, str]:
    """Operations of a service: boto3's name to AWS's."""
    return {botocore.xform_name(name): name for name in _model(service).operation_names}


def _of_values(value: Any, service: str) -> Iterator[Operation]:
    """The operations of the Calls anywhere in a row."""
    if isinstance(value, Call):
        yield value.service or service, value.operation
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from _of_values(getattr(value, field.name), service)
    elif isinstance(value, tuple):
        for item in value:
            yield from _of_values(item, service)


def _of_functions(module: ModuleType) -> Iterator[Operation]:
    """The operations that a module's functions call: `resource.call("operation", service="...")`."""
    services = {row.service for row in module.ROWS}
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "call"):
            continue
        if not (node.args and isinstance(node.args[0], ast.Constant)):
            continue
        operation = str(node.args[0].value)
        named = {str(ast.literal_eval(keyword.value)) for keyword in node.keywords if keyword.arg == "service"}
        candidates = {service for service in named or services if operation in _names(service)}
        assert candidates, f"{module.__name__} calls {operation}, which none of {named or services} has"
        yield from ((service, operation) for service in candidates)


# What the cluster autoscaler and the node agent call.
NODE_OPERATIONS: Final = (
    ("autoscaling", "describe_auto_scaling_groups"),
    ("autoscaling", "describe_auto_scaling_instances"),
    ("autoscaling", "describe_launch_configurations"),
    ("autoscaling", "describe_scaling_activities"),
    ("autoscaling", "describe_tags"),
    ("autoscaling", "set_desired_capacity"),
    ("autoscaling", "set_instance_health"),
    ("autoscaling", "terminate_instance_in_auto_scaling_group"),
    ("ec2", "describe_images"),
    ("ec2", "describe_instance_types"),
    ("ec2", "describe_instances"),
    ("ec2", "describe_launch_template_versions"),
    ("ec2", "get_instance_types_from_instance_requirements"),
    ("eks", "describe_nodegroup"),
)


def _operations() -> list[Operation]:
    found = set(NODE_OPERATIONS)
    found |= {operation for row in rows.TABLE.values() for operation in _of_values(row, row.service)}
    for name in rows.MODULES:
        found.update(_of_functions(sys.modules[f"{rows.__name__}.{name}"]))
    return sorted(found)


def _where(operation: Operation) -> str:
    service, name = operation
    return "added" if _names(service)[name] in ADDED.get(service, ()) else "moto"


def _example(shape: Shape) -> Any:
    """The least value that a shape allows."""
    least = max(1, shape.metadata.get("min", 1))
    if isinstance(shape, StructureShape):
        return {name: _example(shape.members[name]) for name in shape.required_members}
    if isinstance(shape, ListShape):
        return [_example(shape.member)]
    if isinstance(shape, StringShape) and shape.enum:
        return shape.enum[0]
    simple = {"map": {}, "string": "x" * least, "boolean": True, "timestamp": datetime.now(UTC), "blob": b"x"}
    return simple.get(shape.type_name, least)


@pytest.mark.parametrize("operation", [pytest.param(it, id=f"{it[0]}.{it[1]}-{_where(it)}") for it in _operations()])
def test_an_operation_of_the_table_is_served(account: Account, operation: Operation) -> None:
    service, name = operation
    shape = _model(service).operation_model(_names(service)[name]).input_shape
    refusal = ""
    try:
        getattr(account.client(service), name)(**(_example(shape) if shape else {}))
    except ClientError as error:
        refusal = str(error)
    # Whatever else is wrong with these made-up parameters: they were looked at.
    assert "NotEmulated" not in refusal, refusal


def test_every_added_operation_is_one_of_its_service() -> None:
    strangers = [
        (service, name) for service in ADDED for name in ADDED[service] if name not in _names(service).values()
    ]
    assert strangers == []
