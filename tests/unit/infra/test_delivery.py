"""What the code host may do: read for a pull request, deploy one environment from one branch, and nothing more."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest
from patchbay_config.errors import describe
from patchbay_infra.delivery.boundary import within
from patchbay_infra.delivery.config import DeliveryConfig
from pydantic import ValidationError

from tests.unit.infra.delivery_roles import (
    BACKUP_KEY,
    BOUNDARY,
    CONFIG,
    HOST,
    IAM,
    STATE_KEY,
    Statement,
    concerned,
    delivery,
    rights,
)
from tests.unit.infra.mocks import ACCOUNT, Recorded, mock_arn, record

OTHER_KEY = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/data"
SECRET = f"arn:aws:secretsmanager:eu-central-1:{ACCOUNT}:secret:patchbay/production/tenants/a/connectors"
STATE = "arn:aws:s3:::example-patchbay-state/.pulumi"
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
MANAGED_POLICY_CHARACTERS, INLINE_POLICY_CHARACTERS, POLICIES_OF_A_ROLE = 6144, 10240, 10


@pytest.fixture(scope="module")
def production() -> Recorded:
    return delivery()


def statements(recorded: Recorded, role: str) -> Iterator[Statement]:
    """All that the role is given, attached and inline."""
    for document in rights(recorded, role).policies:
        yield from document["Statement"]


def grants(recorded: Recorded, role: str, action: str, resource: str) -> list[Statement]:
    """Statements that allow the call, on whatever condition; none if one denies it without any."""
    about = [one for one in statements(recorded, role) if concerned(one, action, resource)]
    if any(one["Effect"] == "Deny" and "Condition" not in one for one in about):
        return []
    return [one for one in about if one["Effect"] == "Allow"]


def trusted(recorded: Recorded, role: str) -> Mapping[str, Any]:
    (statement,) = json.loads(recorded.one("iam/role:Role", f"delivery-{role}").inputs["assumeRolePolicy"])["Statement"]
    assert statement["Principal"] == {"Federated": mock_arn("delivery")}
    assert statement["Action"] == ["sts:AssumeRoleWithWebIdentity"]
    condition: Mapping[str, Any] = statement["Condition"]
    return condition


def test_pull_requests_of_the_repository_take_the_plan_role(production: Recorded) -> None:
    assert trusted(production, "plan") == {
        "StringEquals": {f"{HOST}:aud": "sts.amazonaws.com", f"{HOST}:sub": "repo:example/patchbay:pull_request"}
    }


def test_only_a_deployment_to_this_environment_from_its_branch_takes_the_apply_role(production: Recorded) -> None:
    assert trusted(production, "apply") == {
        "StringEquals": {
            f"{HOST}:aud": "sts.amazonaws.com",
            f"{HOST}:sub": "repo:example/patchbay:environment:production",
            f"{HOST}:ref": "refs/heads/main",
        }
    }


def test_environments_of_one_account_share_the_provider() -> None:
    arn = f"{IAM}:oidc-provider/{HOST}"
    recorded = delivery(providerArn=arn)
    assert not recorded.of("OpenIdConnectProvider")
    policy = json.loads(recorded.one("iam/role:Role", "delivery-plan").inputs["assumeRolePolicy"])
    assert policy["Statement"][0]["Principal"] == {"Federated": arn}
    assert delivery().one("OpenIdConnectProvider").inputs["clientIdLists"] == ["sts.amazonaws.com"]


def test_a_deployment_may_take_as_long_as_configured() -> None:
    recorded = delivery(applySessionSeconds=7200)
    assert recorded.one("iam/role:Role", "delivery-apply").inputs["maxSessionDuration"] == 7200
    assert recorded.one("iam/role:Role", "delivery-plan").inputs["maxSessionDuration"] == 3600


def test_a_deployment_outlasts_the_waits_of_the_provider_for_what_is_slow() -> None:
    """Both copies of the database one after the other, 80 minutes each, or an hour for the search.

    Source: the provider's page of `aws_db_instance`, "Timeouts".
    """
    session = delivery().one("iam/role:Role", "delivery-apply").inputs["maxSessionDuration"]
    assert (80 + 80) * 60 + 60 * 60 <= session <= 12 * 3600


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("ec2:DescribeVpcs", "*"),
        ("eks:DescribeCluster", "arn:aws:eks:eu-central-1:111122223333:cluster/patchbay-production-main"),
        ("iam:GetRolePolicy", f"{IAM}:role/patchbay-production-main-nodes"),
        ("secretsmanager:DescribeSecret", SECRET),
        ("s3:GetBucketPolicy", "arn:aws:s3:::patchbay-production-payloads"),
        ("s3:GetObject", f"{STATE}/stacks/patchbay/production.json"),
        ("kms:Decrypt", STATE_KEY),
        ("es:GetUpgradeStatus", "arn:aws:es:eu-central-1:111122223333:domain/patchbay-production-search"),
        ("iam:GetRole", f"{IAM}:role/aws-service-role/eks-nodegroup.amazonaws.com/AWSServiceRoleForAmazonEKSNodegroup"),
    ],
)
def test_a_preview_reads_every_setting_and_its_state(production: Recorded, action: str, resource: str) -> None:
    assert grants(production, "plan", action, resource)
    assert grants(production, "apply", action, resource)


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("secretsmanager:GetSecretValue", SECRET),
        ("kms:Decrypt", OTHER_KEY),
        ("s3:GetObject", "arn:aws:s3:::patchbay-production-payloads/run"),
        ("s3:GetObject", f"{STATE}/stacks/patchbay/dev.json"),
        ("s3:PutObject", f"{STATE}/stacks/patchbay/production.json"),
        ("logs:GetLogEvents", "*"),
        ("ec2:CreateVpc", f"arn:aws:ec2:eu-central-1:{ACCOUNT}:vpc/new"),
        ("iam:CreateRole", f"{IAM}:role/patchbay-production-new"),
        ("rds:DeleteDBInstance", f"arn:aws:rds:eu-central-1:{ACCOUNT}:db:patchbay-production-databases"),
    ],
)
def test_a_pull_request_reads_no_secret_and_no_data_and_changes_nothing(
    production: Recorded, action: str, resource: str
) -> None:
    assert not grants(production, "plan", action, resource)


def test_the_plan_role_holds_reading_actions_only(production: Recorded) -> None:
    actions = {
        action
        for statement in statements(production, "plan")
        if statement["Effect"] == "Allow"
        for action in statement["Action"]
    }
    reading = ("Describe", "Get", "List", "View")
    assert {action for action in actions if not action.partition(":")[2].startswith(reading)} == {"kms:Decrypt"}


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("ec2:CreateVpc", f"arn:aws:ec2:eu-central-1:{ACCOUNT}:vpc/new"),
        ("eks:CreateNodegroup", f"arn:aws:eks:eu-central-1:{ACCOUNT}:cluster/patchbay-production-main"),
        ("rds:CreateDBInstance", f"arn:aws:rds:eu-central-1:{ACCOUNT}:db:patchbay-production-databases-write"),
        (
            "elasticache:CreateReplicationGroup",
            f"arn:aws:elasticache:eu-central-1:{ACCOUNT}:replicationgroup:patchbay-production-c",
        ),
        ("s3:CreateBucket", "arn:aws:s3:::patchbay-production-payloads"),
        ("secretsmanager:CreateSecret", SECRET),
        ("route53:ChangeResourceRecordSets", "arn:aws:route53:::hostedzone/Z0"),
        ("s3:PutObject", f"{STATE}/stacks/patchbay/production.json"),
        ("s3:DeleteObject", f"{STATE}/locks/organization/patchbay/production/0.json"),
    ],
)
def test_a_deployment_makes_what_the_environment_consists_of(production: Recorded, action: str, resource: str) -> None:
    assert grants(production, "apply", action, resource)


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("secretsmanager:GetSecretValue", SECRET),
        ("s3:GetObject", "arn:aws:s3:::patchbay-production-payloads/run"),
        ("rds:DeleteDBInstance", f"arn:aws:rds:eu-central-1:{ACCOUNT}:db:patchbay-staging-databases"),
        ("eks:DeleteCluster", f"arn:aws:eks:eu-central-1:{ACCOUNT}:cluster/patchbay-staging-main"),
        ("s3:PutObject", f"{STATE}/stacks/patchbay/staging.json"),
        ("iam:CreateRole", f"{IAM}:role/another"),
        ("iam:CreateUser", f"{IAM}:user/patchbay-production-someone"),
        ("iam:CreateAccessKey", f"{IAM}:user/someone"),
        ("iam:CreatePolicyVersion", BOUNDARY),
        ("iam:DeleteRolePermissionsBoundary", f"{IAM}:role/patchbay-production-main-nodes"),
        ("iam:AttachRolePolicy", f"{IAM}:role/patchbay-production-delivery-apply"),
        ("iam:UpdateAssumeRolePolicy", f"{IAM}:role/patchbay-production-delivery-plan"),
        ("iam:PassRole", f"{IAM}:role/patchbay-production-delivery-apply"),
        ("iam:DeleteOpenIDConnectProvider", f"{IAM}:oidc-provider/{HOST}"),
        ("organizations:LeaveOrganization", "*"),
        ("account:CloseAccount", "*"),
    ],
)
def test_a_deployment_touches_no_other_environment_no_value_and_not_its_own_limits(
    production: Recorded, action: str, resource: str
) -> None:
    assert not grants(production, "apply", action, resource)


@pytest.mark.parametrize("action", ["iam:CreateRole", "iam:AttachRolePolicy", "iam:PutRolePolicy"])
def test_a_deployment_gives_rights_only_to_roles_within_the_boundary(production: Recorded, action: str) -> None:
    (grant,) = grants(production, "apply", action, f"{IAM}:role/patchbay-production-new")
    assert grant["Condition"] == {"StringEquals": {"iam:PermissionsBoundary": BOUNDARY}}


def test_a_deployment_hands_roles_to_the_services_in_use_only(production: Recorded) -> None:
    (grant,) = grants(production, "apply", "iam:PassRole", f"{IAM}:role/patchbay-production-main-nodes")
    services = grant["Condition"]["StringEquals"]["iam:PassedToService"]
    assert "ec2.amazonaws.com" in services
    assert not {"*", "lambda.amazonaws.com"} & set(services)


@pytest.mark.parametrize("holder", ["plan", "apply", "boundary"])
def test_nobody_works_in_a_region_that_is_neither_the_environments_nor_the_states(holder: str) -> None:
    recorded = delivery(furtherRegions=["eu-north-1"])
    if holder == "boundary":
        held = json.loads(recorded.one("iam/policy:Policy", "delivery-boundary").inputs["policy"])["Statement"]
    else:
        held = list(statements(recorded, holder))
    (region,) = [one for one in held if "aws:RequestedRegion" in one.get("Condition", {}).get("StringNotEquals", {})]
    assert region["Effect"] == "Deny"
    assert region["Condition"]["StringNotEquals"]["aws:RequestedRegion"] == ["eu-central-1", "eu-north-1", "eu-west-1"]
    assert concerned(region, "ec2:RunInstances", "*")
    assert not concerned(region, "iam:GetRole", "*")


def test_copies_of_backups_are_made_in_the_further_region_only() -> None:
    start, copy = "rds:StartDBInstanceAutomatedBackupsReplication", f"arn:aws:rds:eu-north-1:{ACCOUNT}:auto-backup:ab-0"
    for regions, granted in ((["eu-north-1"], True), ([], False)):
        assert bool(grants(delivery(furtherRegions=regions), "apply", start, copy)) is granted
    assert not grants(delivery(furtherRegions=["eu-north-1"]), "apply", "rds:DeleteDBInstanceAutomatedBackup", copy)
    assert grants(delivery(), "apply", "kms:CreateGrant", BACKUP_KEY)
    assert not grants(delivery(), "apply", "kms:CreateGrant", f"arn:aws:kms:eu-north-1:{ACCOUNT}:key/another")


def test_no_role_within_the_boundary_makes_identities_reads_contents_or_leaves_the_account(
    production: Recorded,
) -> None:
    boundary = json.loads(production.one("iam/policy:Policy", "delivery-boundary").inputs["policy"])["Statement"]
    allowed = [one for one in boundary if one["Effect"] == "Allow"]
    for action in ("iam:CreateRole", "sts:AssumeRole", "organizations:ListAccounts", "kms:PutKeyPolicy"):
        assert not any(concerned(one, action, "*") for one in allowed), action
    for action, resource in (
        ("s3:GetObject", "arn:aws:s3:::patchbay-production-objects-payloads/run"),
        ("secretsmanager:GetSecretValue", SECRET),
    ):
        assert not any(concerned(one, action, resource) for one in allowed), action
    queue = f"arn:aws:elasticache:eu-central-1:{ACCOUNT}:replicationgroup:patchbay-production-main"
    assert any(concerned(one, "elasticache:Connect", queue) for one in allowed)
    assert not any(concerned(one, "elasticache:Connect", queue.replace(ACCOUNT, "999999999999")) for one in allowed)


def test_no_wildcard_action_is_allowed_on_every_resource(production: Recorded) -> None:
    settings = ("Describe", "List")
    harmless = {"route53:Get*", "sns:Get*", "wafv2:Get*"}  # their `Get` calls return settings
    for policy in (*production.of("iam/policy:Policy"), *production.of("iam/rolePolicy:RolePolicy")):
        for statement in json.loads(policy.inputs["policy"])["Statement"]:
            if statement["Effect"] == "Allow" and "*" in statement["Resource"]:
                wide = {
                    action
                    for action in statement["Action"]
                    if "*" in action and not action.partition(":")[2].startswith(settings)
                }
                assert wide <= harmless, policy.name


def test_every_policy_is_as_short_as_iam_asks_for(production: Recorded) -> None:
    for policy in production.of("iam/policy:Policy"):
        assert len(policy.inputs["policy"]) <= MANAGED_POLICY_CHARACTERS, policy.name
    for policy in production.of("iam/rolePolicy:RolePolicy"):
        assert len(policy.inputs["policy"]) <= INLINE_POLICY_CHARACTERS, policy.name
    for role in production.of("iam/role:Role"):
        attached = [one for one in production.of("RolePolicyAttachment") if one.inputs["role"] == role.inputs["name"]]
        assert 0 < len(attached) <= POLICIES_OF_A_ROLE


def test_roles_below_a_component_get_the_boundary_wherever_they_are_made() -> None:
    class Outer(pulumi.ComponentResource):
        def __init__(self, opts: pulumi.ResourceOptions) -> None:
            super().__init__("patchbay:test:Outer", "outer", None, opts)
            inner = pulumi.ComponentResource("patchbay:test:Inner", "inner", None, pulumi.ResourceOptions(parent=self))
            aws.iam.Role("nested", assume_role_policy="{}", opts=pulumi.ResourceOptions(parent=inner))
            aws.cloudwatch.LogGroup("log", opts=pulumi.ResourceOptions(parent=inner))

    def program() -> None:
        boundary = pulumi.Output.from_input(BOUNDARY)
        Outer(pulumi.ResourceOptions(transformations=[within(boundary)]))
        aws.iam.Role("outside", assume_role_policy="{}")

    recorded = record(program)
    assert recorded.one("iam/role:Role", "nested").inputs["permissionsBoundary"] == BOUNDARY
    assert "permissionsBoundary" not in recorded.one("iam/role:Role", "outside").inputs
    assert "permissionsBoundary" not in recorded.one("LogGroup").inputs


@pytest.mark.parametrize(
    ("changes", "field", "remedy"),
    [
        ({"issuer": "http://code.example.com"}, "issuer", "should match pattern"),
        ({"issuer": "https://code.example.com"}, "issuer", "remove it, or name one of its paths"),
        ({"repository": "example/*"}, "repository", "should match pattern"),
        ({"repository": "patchbay"}, "repository", "should match pattern"),
        ({"branch": "release-*"}, "branch", "name it without wildcards"),
        ({"branch": "refs/heads/main"}, "branch", "leave refs/heads/ out"),
        ({"branch": ""}, "branch", "name it without wildcards"),
        ({"stateBucket": "Not_A_Bucket"}, "stateBucket", "should match pattern"),
        ({"stateKeyArn": "alias/state"}, "stateKeyArn", "should match pattern"),
        ({"providerArn": "everybody"}, "providerArn", "should match pattern"),
        ({"furtherRegions": ["everywhere"]}, "furtherRegions[0]", "should match pattern"),
        ({"applySessionSeconds": 60}, "applySessionSeconds", "greater than or equal to 3600"),
        ({"admin": True}, "admin", "remove it"),
    ],
)
def test_a_bad_configuration_is_refused_by_field_and_with_the_remedy(
    changes: Mapping[str, Any], field: str, remedy: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        DeliveryConfig.model_validate({**CONFIG, **changes})
    told = describe("", refused.value, missing="set it")
    assert any(line.startswith(f"{field}: ") and remedy in line for line in told.splitlines()), told


def test_the_repository_and_the_state_have_no_default() -> None:
    with pytest.raises(ValidationError) as refused:
        DeliveryConfig.model_validate({})
    told = describe("", refused.value, missing="set it")
    assert set(told.splitlines()) == {
        f"{field}: missing; set it" for field in ("repository", "stateBucket", "stateKeyArn")
    }
