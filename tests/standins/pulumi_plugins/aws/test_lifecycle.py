"""What the real engine does with AWS resources on an emulator, by the provider's stand-in."""

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from patchbay_standins.pulumi_plugins.aws_provider import reading
from patchbay_standins.pulumi_plugins.aws_provider.clients import Clients
from patchbay_standins.pulumi_plugins.aws_provider.lifecycle import Lifecycle
from patchbay_standins.pulumi_plugins.aws_provider.rows import TABLE
from patchbay_standins.pulumi_plugins.aws_provider.settings import Settings

from tests.standins.pulumi_plugins.aws import programs
from tests.standins.pulumi_plugins.aws.conftest import REGION, SERVICES
from tests.standins.pulumi_plugins.stack import Stack

pytestmark = pytest.mark.long

Client = Callable[[str], Any]


def resources(stack: Stack) -> list[dict[str, Any]]:
    """The state's AWS resources."""
    state = json.loads(stack.state())["deployment"].get("resources", [])
    return [resource for resource in state if resource["type"].startswith("aws:")]


def is_told_by_its_id_alone(resource: dict[str, Any], endpoint: str) -> None:
    """An import finds what the program asked for."""
    settings = Settings.parse({"region": REGION, "endpoints": [dict.fromkeys(SERVICES, endpoint)]})
    lifecycle = Lifecycle(Clients(settings), REGION, {}, threading.Event())
    row = TABLE[resource["type"]]
    found = lifecycle.read(row, lifecycle.resource(row, identifier=resource["id"], inputs={}))
    assert found is not None, resource["urn"]
    identifier, outputs = found
    assert identifier == resource["id"]
    written_only = {field.name for field in row.fields if field.read == ""} | set(row.options)
    for name, value in resource["inputs"].items():
        told = reading.same(row.field(name), value, outputs.get(name))
        assert told or name in written_only, (resource["urn"], name, value, outputs.get(name))


@pytest.mark.parametrize("program", [programs.NETWORK, programs.IDENTITY], ids=["network", "identity"])
def test_resources_are_made_kept_told_by_their_ids_alone_and_taken_down(
    stack: Stack, preamble: str, endpoint: str, program: str
) -> None:
    stack.up(preamble + program)
    outputs = stack.outputs()
    stack.succeed("preview", "--expect-no-changes")
    stack.succeed("refresh", "--yes", "--expect-no-changes")

    for resource in resources(stack):
        is_told_by_its_id_alone(resource, endpoint)

    # What the recovery of a killed update knows: the program's inputs, and ids.
    state = json.loads(stack.state())
    for resource in state["deployment"]["resources"]:
        if resource["type"].startswith("aws:"):
            resource["outputs"] = {}
    (stack.directory / "state.json").write_text(json.dumps(state))
    stack.succeed("stack", "import", "--file", "state.json")
    stack.succeed("refresh", "--yes")
    stack.succeed("preview", "--expect-no-changes")
    stack.up(preamble + program)
    assert stack.outputs() == outputs

    stack.succeed("destroy", "--yes")
    assert not resources(stack)


def test_a_network_is_as_the_program_wants_it(stack: Stack, preamble: str, client: Client) -> None:
    stack.up(preamble + programs.NETWORK)
    outputs = stack.outputs()
    assert outputs["vpcArn"] == f"arn:aws:ec2:eu-central-1:123456789012:vpc/{outputs['vpc']}"
    assert outputs["route"] == f"r-{outputs['routeTable']}1080289494"
    assert outputs["nat"] == outputs["address"]
    assert outputs["all"] == {"Name": "net"}
    ec2 = client("ec2")
    hostnames = ec2.describe_vpc_attribute(VpcId=outputs["vpc"], Attribute="enableDnsHostnames")
    assert hostnames["EnableDnsHostnames"]["Value"]
    filters = [{"Name": "group-id", "Values": [outputs["group"]]}]
    rules = ec2.describe_security_group_rules(Filters=filters)["SecurityGroupRules"]
    assert {(rule["IsEgress"], rule.get("CidrIpv4"), rule["FromPort"]) for rule in rules} == {
        (False, "192.0.2.0/24", 443),
        (True, None, -1),
    }
    stack.succeed("destroy", "--yes")
    assert not [vpc for vpc in ec2.describe_vpcs()["Vpcs"] if vpc["VpcId"] == outputs["vpc"]]


def test_the_programs_of_these_tests_use_every_row_of_the_core_services() -> None:
    text = programs.NETWORK + programs.IDENTITY
    core = [token for token in TABLE if TABLE[token].service in ("cloudwatch", "ec2", "iam", "kms", "logs", "sns")]
    missing = [token for token in core if f"aws.{_in_python(token)}(" not in text and "clientvpn" not in token]
    assert missing == []


def _in_python(token: str) -> str:
    _, module, name = token.split(":")
    return f"{module.partition('/')[0]}.{name}"
