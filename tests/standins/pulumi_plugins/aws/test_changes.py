"""Updates, replacements, drift and imports of AWS resources, through the real engine."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.standins.pulumi_plugins.stack import Stack

pytestmark = pytest.mark.long

Client = Callable[[str], Any]

ROLE = """
trust = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": ["ec2.amazonaws.com"]}, "Action": ["sts:AssumeRole"]}]})
role = aws.iam.Role("role", name="%(name)s", description="%(description)s", assume_role_policy=trust,
    tags={"Name": "%(name)s", "Team": "%(team)s"}, opts=opts)
pulumi.export("arn", role.arn)
pulumi.export("all", role.tags_all)
"""
FIRST = {"name": "worker", "description": "First", "team": "one"}

VPC = """
vpc = aws.ec2.Vpc("vpc", cidr_block="%(cidr)s", %(more)s tags={"Name": "net"}, opts=opts)
subnet = aws.ec2.Subnet("subnet", vpc_id=vpc.id, cidr_block="%(cidr)s", opts=opts)
pulumi.export("vpc", vpc.id)
"""

ELSEWHERE = """
topic = aws.sns.Topic("topic", name="alarms", region="us-east-1", opts=opts)
pulumi.export("arn", topic.arn)
pulumi.export("region", topic.region)
"""


def test_a_change_that_aws_can_make_is_made_in_place(stack: Stack, preamble: str, client: Client) -> None:
    stack.up(preamble + ROLE % FIRST)
    result = stack.up(preamble + ROLE % (FIRST | {"description": "Second", "team": "two"}))
    assert result.count("updated") == 1, result.output
    role = client("iam").get_role(RoleName="worker")["Role"]
    assert role["Description"] == "Second"
    assert {tag["Key"]: tag["Value"] for tag in role["Tags"]} == {"Name": "worker", "Team": "two"}
    assert stack.outputs()["all"] == {"Name": "worker", "Team": "two"}


def test_a_change_that_aws_cannot_make_replaces_the_resource_and_what_depends_on_it(
    stack: Stack, preamble: str, client: Client
) -> None:
    stack.up(preamble + VPC % {"cidr": "10.30.0.0/16", "more": ""})
    first = stack.outputs()["vpc"]
    stack.write(preamble + VPC % {"cidr": "10.31.0.0/16", "more": ""})
    planned = stack.succeed("preview", "--diff")
    assert planned.count("replace") == 2, planned.output
    stack.succeed("up", "--yes", "--skip-preview")
    assert stack.outputs()["vpc"] != first
    vpcs = {vpc["VpcId"]: vpc["CidrBlock"] for vpc in client("ec2").describe_vpcs()["Vpcs"]}
    assert first not in vpcs
    assert vpcs[stack.outputs()["vpc"]] == "10.31.0.0/16"


def test_an_input_that_is_taken_away_goes_back_to_what_aws_has_by_default(
    stack: Stack, preamble: str, client: Client
) -> None:
    stack.up(preamble + VPC % {"cidr": "10.32.0.0/16", "more": "enable_dns_support=False,"})
    result = stack.up(preamble + VPC % {"cidr": "10.32.0.0/16", "more": ""})
    assert result.count("updated") == 1, result.output
    vpc = stack.outputs()["vpc"]
    support = client("ec2").describe_vpc_attribute(VpcId=vpc, Attribute="enableDnsSupport")
    assert support["EnableDnsSupport"]["Value"] is True


def test_what_somebody_else_changed_is_shown_by_a_refresh_and_put_right(
    stack: Stack, preamble: str, client: Client
) -> None:
    stack.up(preamble + ROLE % FIRST)
    iam = client("iam")
    iam.update_role(RoleName="worker", Description="Somebody's")
    iam.tag_role(RoleName="worker", Tags=[{"Key": "Stray", "Value": "yes"}])
    found = stack.succeed("refresh", "--yes")
    assert "description" in found.output
    assert "tags" in found.output
    stack.succeed("up", "--yes", "--skip-preview")
    role = iam.get_role(RoleName="worker")["Role"]
    assert role["Description"] == "First"
    assert {tag["Key"] for tag in role["Tags"]} == {"Name", "Team"}


def test_what_somebody_else_deleted_is_made_again(stack: Stack, preamble: str, client: Client) -> None:
    stack.up(preamble + ROLE % FIRST)
    client("iam").delete_role(RoleName="worker")
    assert stack.succeed("refresh", "--yes").count("deleted") == 1
    assert stack.succeed("up", "--yes", "--skip-preview").count("created") == 1


def test_a_resource_that_exists_is_refused_with_what_to_do_and_can_be_imported(
    stack: Stack, preamble: str, client: Client
) -> None:
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }
    tags = [{"Key": "Name", "Value": "worker"}, {"Key": "Team", "Value": "one"}]
    client("iam").create_role(
        RoleName="worker", Description="First", AssumeRolePolicyDocument=json.dumps(policy), Tags=tags
    )
    stack.write(preamble + ROLE % FIRST)
    refused = stack.fail("up", "--yes", "--skip-preview")
    assert "CreateRole: EntityAlreadyExists" in refused.output
    assert "make recover STACK=test" in refused.output

    provider = next(resource["urn"] for resource in _resources(stack) if resource["type"] == "pulumi:providers:aws")
    stack.succeed(
        "import", "aws:iam/role:Role", "role", "worker", f"--provider=aws={provider}", "--yes",
        "--generate-code=false", "--protect=false",
    )  # fmt: skip
    stack.succeed("preview", "--expect-no-changes")


def test_what_was_left_half_made_is_completed_by_the_next_update(stack: Stack, preamble: str, client: Client) -> None:
    half = "aws.ec2.InternetGateway('gateway', vpc_id='{vpc}', tags={'Name': 'net'}, opts=opts)\n"
    vpc = client("ec2").create_vpc(CidrBlock="10.33.0.0/16")["Vpc"]["VpcId"]
    stack.write(preamble + half.replace("{vpc}", "vpc-0123456789abcdef0"))
    for _ in range(2):
        assert "AttachInternetGateway: InvalidVpcID.NotFound" in stack.fail("up", "--yes", "--skip-preview").output
    stack.up(preamble + half.replace("{vpc}", vpc))
    gateways = client("ec2").describe_internet_gateways()["InternetGateways"]
    assert [item["Attachments"][0]["VpcId"] for item in gateways] == [vpc]


def test_tags_of_the_provider_are_on_every_resource(stack: Stack, preamble: str, client: Client) -> None:
    everywhere = "provider = aws.Provider('aws', default_tags=aws.ProviderDefaultTagsArgs(tags={'Owner': 'tests'}),"
    program = preamble.replace("provider = aws.Provider('aws',", everywhere) + ROLE % FIRST
    stack.up(program)
    assert stack.outputs()["all"] == {"Name": "worker", "Owner": "tests", "Team": "one"}
    role = client("iam").get_role(RoleName="worker")["Role"]
    assert {tag["Key"] for tag in role["Tags"]} == {"Name", "Owner", "Team"}
    stack.succeed("refresh", "--yes", "--expect-no-changes")


def test_a_resource_lives_in_the_region_that_it_names(stack: Stack, preamble: str) -> None:
    stack.up(preamble + ELSEWHERE)
    assert stack.outputs() == {"arn": "arn:aws:sns:us-east-1:123456789012:alarms", "region": "us-east-1"}
    stack.succeed("refresh", "--yes", "--expect-no-changes")


def _resources(stack: Stack) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(stack.state())["deployment"].get("resources", [])
    return found
