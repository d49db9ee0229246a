"""What the AWS provider's stand-in refuses, and how it says so."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from patchbay_standins.pulumi_plugins.aws_provider import check
from patchbay_standins.pulumi_plugins.aws_provider.rows import TABLE
from patchbay_standins.pulumi_plugins.aws_provider.settings import Settings
from patchbay_standins.pulumi_plugins.plugin.errors import SettingsError
from patchbay_standins.pulumi_plugins.plugin.properties import format_path

from tests.ports import free_port
from tests.standins.pulumi_plugins.stack import Stack

VPC = "aws:ec2/vpc:Vpc"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
LOCAL = {"region": "eu-central-1", "endpoints": [{"ec2": "http://127.0.0.1:5000"}]}


@pytest.mark.parametrize(
    ("token", "inputs", "expected"),
    [
        (VPC, {"cidr": "10.0.0.0/16"}, {"cidr": "there is no such property"}),
        (VPC, {"cidrBlock": 16}, {"cidrBlock": "must be of type string, not int"}),
        (VPC, {"cidrBlock": "10.0.0.0/16", "tags": {"Name": 1}}, {"tags.Name": "must be of type string, not int"}),
        (
            "aws:ec2/subnet:Subnet",
            {"cidrBlock": "10.0.0.0/16", "vpcId": "vpc-1", "customerOwnedIpv4Pool": "pool"},
            {"customerOwnedIpv4Pool": "the AWS provider's stand-in cannot apply it: leave it out"},
        ),
        (
            "aws:ec2/securityGroup:SecurityGroup",
            {"name": "net", "ingress": [{"protocol": "tcp", "fromPort": 1, "toPort": 2}]},
            {"ingress": "the AWS provider's stand-in cannot apply it: leave it out"},
        ),
        ("aws:kms/alias:Alias", {"name": "alias/x"}, {"targetKeyId": "is required, and missing"}),
        (
            "aws:iam/role:Role",
            {"assumeRolePolicy": "{}"},
            {"name": "is required by CreateRole, and missing"},
        ),
        (
            "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
            {},
            {"vpcId": "is required by the AWS provider's stand-in, and missing"},
        ),
        (
            ALARM,
            {"name": "cpu", "comparisonOperator": "x", "metricQueries": [{"expression": "a"}]},
            {"metricQueries[0].id": "is required, and missing"},
        ),
        (TEMPLATE, {"name": "n", "ebsOptimized": "perhaps"}, {"ebsOptimized": "must be of type boolean"}),
        (
            TEMPLATE,
            {"name": "n", "networkInterfaces": [{"interfaceType": 4}]},
            {"networkInterfaces[0].interfaceType": "must be of type string, not int"},
        ),
    ],
)
def test_an_input_that_cannot_be_applied_is_named(token: str, inputs: dict[str, Any], expected: dict[str, str]) -> None:
    found = {format_path(path): reason for path, reason in check.faults(TABLE[token], inputs)}
    for name, reason in expected.items():
        assert reason in found[name]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (
            {"endpoints": [{"ec2": "https://ec2.eu-central-1.amazonaws.com"}]},
            "endpoints.ec2: the AWS provider's stand-in",
        ),
        ({"endpoints": [{"ec2": "http://198.51.100.7:5000"}]}, "endpoints.ec2: "),
        ({"endpoints": [{"ec2": "https://127.0.0.1:5000"}]}, "endpoints.ec2: "),
        ({"endpoints": [{"ec2": "http://127.0.0.1@198.51.100.7:5000"}]}, "endpoints.ec2: "),
        ({"endpoints": json.dumps([{"ec2": "http://127.0.0.1.example.com"}])}, "endpoints.ec2: "),
        ({"endpoints": [{"abacus": "http://127.0.0.1:5000"}]}, "endpoints.abacus: there is no such service"),
        ({"endpoints": []}, "endpoints: is missing"),
        ({"profile": "production"}, "profile: not supported"),
        ({"assumeRoles": [{"roleArn": "arn"}]}, "assumeRoles: not supported"),
        ({"s3UsePathStyle": "perhaps"}, "s3UsePathStyle: must be of type bool"),
    ],
)
def test_a_wrong_setting_is_named(values: dict[str, Any], expected: str) -> None:
    with pytest.raises(SettingsError) as error:
        Settings.parse(LOCAL | values)
    assert expected in str(error.value)


def test_credentials_of_the_surroundings_are_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "credentials").write_text("[default]\naws_access_key_id = surroundings\naws_secret_access_key = x\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "surroundings")
    settings = Settings.parse(LOCAL)
    assert settings.access_key == "emulated"
    assert os.environ["AWS_ACCESS_KEY_ID"] not in repr(settings)


BUCKET = """
import pulumi
import pulumi_aws as aws
provider = aws.Provider("aws", region="eu-central-1", endpoints=[aws.ProviderEndpointArgs(**{endpoints})])
opts = pulumi.ResourceOptions(provider=provider)
"""


def test_nothing_leaves_this_machine(stack: Stack) -> None:
    stack.write(
        BUCKET.replace("{endpoints}", "{'ec2': 'https://ec2.eu-central-1.amazonaws.com'}")
        + "aws.ec2.Vpc('vpc', cidr_block='10.0.0.0/16', opts=opts)\n"
    )
    refused = stack.fail("preview").output
    assert "endpoints.ec2" in refused
    assert "only talks to an emulator on this machine" in refused


def test_a_service_without_endpoint_and_an_emulator_that_is_down_are_named(stack: Stack) -> None:
    endpoint = f"http://127.0.0.1:{free_port()}"
    program = BUCKET.replace("{endpoints}", repr({"ec2": endpoint}))
    stack.write(program + "aws.iam.Policy('policy', name='p', policy='{}', opts=opts)\n")
    assert "`endpoints` name none for iam" in stack.fail("preview").output
    stack.write(program + "aws.ec2.Vpc('vpc', cidr_block='10.0.0.0/16', opts=opts)\n")
    refused = stack.fail("up", "--yes", "--skip-preview").output
    assert f"nothing answers at {endpoint}: start the emulator (make up)" in refused


def test_types_inputs_and_functions_that_are_not_supported_are_named(stack: Stack, preamble: str) -> None:
    stack.write(preamble + "aws.ec2.CustomerGateway('gateway', bgp_asn='65000', type='ipsec.1', opts=opts)\n")
    refused = stack.fail("preview").output
    assert "the type aws:ec2/customerGateway:CustomerGateway is not supported" in refused
    stack.write(
        preamble
        + "aws.ec2.Subnet('subnet', vpc_id='vpc-1', cidr_block='10.0.0.0/24', outpost_arn='arn',"
        + " customer_owned_ipv4_pool='pool', opts=opts)\n"
    )
    refused = stack.fail("preview").output
    assert "customerOwnedIpv4Pool" in refused
    assert "the AWS provider's stand-in cannot apply it: leave it out" in refused
    stack.write(preamble + "aws.ec2.get_ami(opts=pulumi.InvokeOptions(provider=provider))\n")
    assert "the function aws:ec2/getAmi:getAmi is not supported" in stack.fail("preview").output


def test_another_account_is_refused(stack: Stack, preamble: str) -> None:
    stack.write(preamble.replace("123456789012", "111122223333") + "aws.ec2.Eip('address', domain='vpc', opts=opts)\n")
    assert "the account 123456789012 is not one that allowedAccountIds" in stack.fail("up", "--yes").output


def test_a_secret_is_not_shown_where_aws_quotes_it(stack: Stack, preamble: str) -> None:
    stack.write(
        preamble + "aws.ec2.Vpc('vpc', cidr_block=pulumi.Output.secret('not-a-network-but-a-secret'), opts=opts)\n"
    )
    refused = stack.fail("up", "--yes", "--skip-preview").output
    assert "CreateVpc: InvalidParameterValue" in refused
    assert "[secret]" in refused
    assert "not-a-network-but-a-secret" not in refused
