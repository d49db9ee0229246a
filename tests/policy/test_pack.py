"""The pack through the real engine: what a reviewer sees, and how a preview ends.

A component with the type of an AWS resource is shown to the policies as that resource would be, without a provider.
"""

import json
import sys
from pathlib import Path

import pytest

from tests.standins.pulumi_plugins.stack import Result, Stack

REPOSITORY = Path(__file__).resolve().parents[2]
PACK = REPOSITORY / "policies"
ACCOUNT = "123456789012"

TAGS = """{"Name": "example", "patchbay:environment": "test", "patchbay:owner": "platform",
    "patchbay:cost-center": "example", "patchbay:managed-by": "pulumi"}"""

RESOURCES = f"""
import pulumi

TAGS = {TAGS}

def made(type_, name, opts=None, **props):
    return pulumi.ComponentResource(type_, name, props, opts)
"""

LOG_GROUP = "made('aws:cloudwatch/logGroup:LogGroup', {name!r}, retentionInDays={days}, kmsKeyId='key', tags=TAGS)\n"
KEPT = LOG_GROUP.format(name="kept", days=30)


def preview(stack: Stack, program: str, *more: str, pack: Path = PACK) -> Result:
    stack.write(program)
    return stack.run("preview", "--policy-pack", str(pack), *more)


def not_production(stack: Stack) -> None:
    said = {"environment.production": "false", "environment.name": "test", "aws.accountId": ACCOUNT}
    for key, value in said.items():
        stack.succeed("config", "set", "--path", f"patchbay:infra.{key}", value)


def write_pack(directory: Path, program: str) -> Path:
    """A pack of this repository's rules, with a program of its own."""
    directory.mkdir()
    runtime = {"runtime": {"name": "python", "options": {"virtualenv": sys.prefix}}}
    (directory / "PulumiPolicy.yaml").write_text(json.dumps(runtime))
    (directory / "__main__.py").write_text(program)
    return directory


@pytest.fixture
def registering_pack(tmp_path: Path) -> Path:
    """The rules, with a register that lists the tests' stack."""
    return write_pack(
        tmp_path / "registering",
        "from patchbay_policies import crossguard, environment, rules\n"
        f"crossguard.serve(rules.ALL, environment.current(not_production={{'test': '{ACCOUNT}'}}))\n",
    )


def test_a_mandatory_violation_ends_the_preview_and_names_each_resource(stack: Stack) -> None:
    program = RESOURCES + KEPT + LOG_GROUP.format(name="first", days=0) + LOG_GROUP.format(name="second", days=3653)
    result = preview(stack, program)
    assert result.status != 0
    assert "[mandatory]  logs-expire  (aws:cloudwatch:LogGroup: first)" in result.output
    assert "second (aws:cloudwatch/logGroup:LogGroup): it keeps logs for 3653 days" in result.output
    assert "Rule: logs-expire. Remedy: Set retentionInDays" in result.output
    assert "kept (" not in result.output


def test_an_update_ends_before_the_resource_that_breaks_a_rule_is_made(stack: Stack) -> None:
    stack.write(RESOURCES + LOG_GROUP.format(name="first", days=0))
    result = stack.fail("up", "--yes", "--skip-preview", "--policy-pack", str(PACK))
    assert "logs-expire" in result.output
    assert "aws:cloudwatch/logGroup:LogGroup" not in stack.state()


def test_an_advisory_violation_is_shown_and_ends_nothing(stack: Stack) -> None:
    program = RESOURCES + (
        "made('aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule', 'nodes', tags=TAGS, securityGroupId='sg-1',"
        " ipProtocol='-1', cidrIpv4='0.0.0.0/0')\n"
    )
    result = preview(stack, program)
    assert result.status == 0, result.output
    assert "[advisory]  no-unlimited-egress  (aws:vpc:SecurityGroupEgressRule: nodes)" in result.output
    assert "Rule: no-unlimited-egress. Remedy: Name the protocol and the ports" in result.output


def test_what_keeps_to_every_rule_passes_without_a_word(stack: Stack) -> None:
    result = preview(stack, RESOURCES + KEPT)
    assert result.status == 0, result.output
    assert "✅ patchbay@" in result.output
    assert "[advisory]" not in result.output


def test_everything_counts_as_production_but_what_is_registered_and_says_so(
    stack: Stack, registering_pack: Path
) -> None:
    program = RESOURCES + (
        "made('aws:elasticache/replicationGroup:ReplicationGroup', 'cache', tags=TAGS, kmsKeyId='key',"
        " atRestEncryptionEnabled=True, transitEncryptionEnabled=True, subnetGroupName='data', userGroupIds=['all'])\n"
    )
    strict = preview(stack, program)
    assert strict.status != 0
    assert "multi-az-in-production" in strict.output
    assert "production-is-registered" not in strict.output
    not_production(stack)
    switched_off = preview(stack, program)
    assert switched_off.status != 0
    assert "multi-az-in-production" in switched_off.output
    assert "the register of the policies does not list stack test" in switched_off.output
    lenient = preview(stack, program, pack=registering_pack)
    assert lenient.status == 0, lenient.output


def test_the_environments_own_config_of_the_pack_sets_levels_and_limits(stack: Stack, tmp_path: Path) -> None:
    config = tmp_path / "policies.json"
    config.write_text(json.dumps({"logs-expire": {"enforcementLevel": "advisory", "maxDays": 14}}))
    result = preview(stack, RESOURCES + KEPT, "--policy-pack-config", str(config))
    assert result.status == 0, result.output
    assert "[advisory]  logs-expire" in result.output
    assert "30 days, more than 14" in result.output
    config.write_text(json.dumps({"logs-expire": {"maxDays": "few"}}))
    wrong = preview(stack, RESOURCES + KEPT, "--policy-pack-config", str(config))
    assert wrong.status != 0
    assert "maxDays" in wrong.output


def test_rules_about_several_resources_are_set_and_switched_off_by_name(stack: Stack, tmp_path: Path) -> None:
    config = tmp_path / "policies.json"
    program = RESOURCES + "made('aws:ec2/vpc:Vpc', 'net', tags=TAGS)\n"
    assert "net (aws:ec2/vpc:Vpc): no flow log records" in preview(stack, program).output
    config.write_text(json.dumps({"resources-together": {"disabled": ["flow-logs-on"]}}))
    result = preview(stack, program, "--policy-pack-config", str(config))
    assert result.status == 0, result.output
    config.write_text(json.dumps({"resources-together": {"disabled": ["flow-log-on"]}}))
    wrong = preview(stack, program, "--policy-pack-config", str(config))
    assert wrong.status != 0
    assert "disabled" in wrong.output


def test_rules_still_hold_when_the_one_that_is_asked_first_is_switched_off(stack: Stack, tmp_path: Path) -> None:
    config = tmp_path / "policies.json"
    config.write_text(json.dumps({"reviewed-providers-only": "disabled"}))
    program = RESOURCES + LOG_GROUP.format(name="first", days=0) + "made('command:local:Command', 'script')\n"
    result = preview(stack, program, "--policy-pack-config", str(config))
    assert result.status != 0
    assert "logs-expire" in result.output
    assert "reviewed-providers-only" not in result.output


def test_a_rule_that_fails_itself_ends_the_preview_and_is_named(stack: Stack, tmp_path: Path) -> None:
    pack = write_pack(
        tmp_path / "pack",
        "from patchbay_policies import crossguard, environment\n"
        "from patchbay_policies.model import Level, ResourceRule\n"
        "def check(resource, environment):\n"
        "    return [resource.props['absent']]\n"
        "rule = ResourceRule(name='broken', description='Breaks.', remedy='None.', level=Level.ADVISORY,\n"
        "    types=frozenset({'aws:cloudwatch/logGroup:LogGroup'}), check=check)\n"
        "crossguard.serve((rule,), environment.current())\n",
    )
    stack.write(RESOURCES + KEPT)
    result = stack.fail("preview", "--policy-pack", str(pack))
    assert "rule broken failed on urn:pulumi:test::tests::aws:cloudwatch/logGroup:LogGroup::kept" in result.output
    assert "KeyError: 'absent'" in result.output
    assert "This is a fault of the rule" in result.output


NETWORK = """
vpc = aws.ec2.Vpc("net", cidr_block="10.0.0.0/16", tags=TAGS, opts=opts)
subnet = aws.ec2.Subnet("zone-a", vpc_id=vpc.id, cidr_block="10.0.0.0/24", tags=TAGS, opts=opts)
table = aws.ec2.RouteTable("out", vpc_id=vpc.id, tags=TAGS, opts=opts)
aws.ec2.RouteTableAssociation("zone-a", subnet_id=subnet.id, route_table_id=table.id, opts=opts)
gateway = aws.ec2.InternetGateway("gateway", vpc_id=vpc.id, tags=TAGS, opts=opts)
aws.ec2.Route("out", route_table_id=table.id, destination_cidr_block="0.0.0.0/0", gateway_id=gateway.id, opts=opts)
made("aws:eks/nodeGroup:NodeGroup", "unplaced", tags=TAGS, launchTemplate={"id": "lt-1"})
aws.ec2.VpcEndpoint("private", vpc_id=vpc.id, service_name="com.amazonaws.eu-central-1.sts",
    vpc_endpoint_type="Interface", subnet_ids=[subnet.id], tags=TAGS, opts=opts)
"""


@pytest.mark.parametrize("exists", [False, True], ids=["not made yet", "made"])
def test_where_things_stand_is_known_in_a_preview_before_there_are_ids(
    stack: Stack, emulated_aws: str, registering_pack: Path, exists: bool
) -> None:
    not_production(stack)
    program = emulated_aws + RESOURCES + NETWORK
    if exists:
        stack.up(program)
    result = preview(stack, program, pack=registering_pack)
    assert result.status != 0
    assert "private (aws:ec2/vpcEndpoint:VpcEndpoint): it stands in the public subnet zone-a" in result.output
    assert "unplaced (aws:eks/nodeGroup:NodeGroup): its subnetIds names no subnet of this program" in result.output
    assert "can't run policy" not in result.output


def test_what_is_not_production_cannot_reach_another_account(
    stack: Stack, emulated_aws: str, registering_pack: Path
) -> None:
    not_production(stack)
    kept = preview(stack, emulated_aws + RESOURCES + KEPT, pack=registering_pack)
    assert kept.status == 0, kept.output
    elsewhere = emulated_aws.replace(ACCOUNT, "210987654321")
    result = preview(stack, elsewhere + RESOURCES + KEPT, pack=registering_pack)
    assert result.status != 0
    assert "it may work in other accounts than 123456789012 (allowedAccountIds)" in result.output
