"""What no deployment can do, whatever it is given: turn a guard off, delete a backup, hide what the guards record."""

import dataclasses
import json

import pytest
from patchbay_operations.permissions.evaluation import Call, Rights
from patchbay_operations.permissions.evaluation import allowed as evaluated

from tests.unit.infra.delivery_roles import BOUNDARY, HOST, IAM, boundary, concerned, delivery, may, rights
from tests.unit.infra.mocks import ACCOUNT, PRODUCTION, Recorded

NAME, HERE = "aws:ResourceTag/Name", {"aws:RequestedRegion": "eu-central-1"}


@pytest.fixture(scope="module")
def production() -> Recorded:
    return delivery()


@pytest.mark.parametrize("holder", ["guard", "boundary"])
@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("iam:CreateUser", f"{IAM}:user/someone"),
        ("iam:CreateLoginProfile", f"{IAM}:user/someone"),
        ("iam:CreateAccessKey", f"{IAM}:user/someone"),
        ("iam:CreateSAMLProvider", f"{IAM}:saml-provider/another"),
        ("iam:UpdateOpenIDConnectProviderThumbprint", f"{IAM}:oidc-provider/{HOST}"),
        ("iam:SetDefaultPolicyVersion", BOUNDARY),
        ("iam:PutRolePolicy", f"{IAM}:role/patchbay-production-delivery-apply"),
        ("iam:DeleteRolePermissionsBoundary", f"{IAM}:role/patchbay-production-main-nodes"),
        ("organizations:LeaveOrganization", "*"),
        ("account:CloseAccount", "*"),
        ("s3:DeleteObjectVersion", "arn:aws:s3:::patchbay-production-auditing-trail-0/AWSLogs/file"),
        ("s3:PutBucketPolicy", "arn:aws:s3:::patchbay-production-auditing-trail-0"),
        ("iam:UpdateAssumeRolePolicy", f"{IAM}:role/patchbay-production-backups"),
    ],
)
def test_even_a_role_that_was_given_everything_is_denied(
    production: Recorded, holder: str, action: str, resource: str
) -> None:
    held = json.loads(production.one("iam/policy:Policy", f"delivery-{holder}").inputs["policy"])["Statement"]
    denials = [one for one in held if one["Effect"] == "Deny" and "Condition" not in one]
    assert any(concerned(one, action, resource) for one in denials)


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("backup:DeleteRecoveryPoint", f"arn:aws:rds:eu-central-1:{ACCOUNT}:snapshot:awsbackup:job-0"),
        ("backup:UpdateRecoveryPointLifecycle", "*"),
        ("backup:DeleteBackupVaultLockConfiguration", "*"),
        ("backup:DeleteBackupSelection", "*"),
        (
            "cloudtrail:StopLogging",
            f"arn:aws:cloudtrail:eu-central-1:{ACCOUNT}:trail/patchbay-production-auditing-trail",
        ),
        ("config:StopConfigurationRecorder", "*"),
        ("guardduty:DeleteDetector", f"arn:aws:guardduty:eu-central-1:{ACCOUNT}:detector/0"),
        ("guardduty:ArchiveFindings", f"arn:aws:guardduty:eu-central-1:{ACCOUNT}:detector/0"),
        ("kms:DisableKey", f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/0"),
        ("kms:ScheduleKeyDeletion", f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/0"),
        ("securityhub:BatchUpdateFindings", "*"),
        ("guardduty:CreateFilter", f"arn:aws:guardduty:eu-central-1:{ACCOUNT}:detector/0"),
        ("securityhub:DisableSecurityHub", "*"),
        ("s3:BypassGovernanceRetention", "arn:aws:s3:::patchbay-production-auditing-trail-0/AWSLogs/file"),
    ],
)
def test_a_deployment_turns_no_guard_off_and_deletes_no_backup_whatever_it_is_given(
    production: Recorded, action: str, resource: str
) -> None:
    held = json.loads(production.one("iam/policy:Policy", "delivery-guard").inputs["policy"])["Statement"]
    denials = [one for one in held if one["Effect"] == "Deny" and "Condition" not in one]
    assert any(concerned(one, action, resource) for one in denials)
    # Nor is there a way to it for any role within the boundary.
    limits = json.loads(production.one("iam/policy:Policy", "delivery-boundary").inputs["policy"])["Statement"]
    allowed = [one for one in limits if one["Effect"] == "Allow"]
    assert not any(concerned(one, action, resource) for one in allowed)


@pytest.mark.parametrize("key", ["patchbay:backup", "patchbay:environment"])
def test_a_deployment_takes_no_database_out_of_the_backups_by_its_tags(production: Recorded, key: str) -> None:
    """Both select it, as `test_backups.py` has it. Values that it has with it when it is made are let through."""
    apply, database = rights(production, "apply"), f"arn:aws:rds:eu-central-1:{ACCOUNT}:db:patchbay-production-a"
    value, others = {"patchbay:backup": "daily", "patchbay:environment": "production"}[key], ["Name", "patchbay:owner"]
    for keys, allowed in (([*others, key], False), (others, True)):
        removed = Call("rds:RemoveTagsFromResource", database, {**HERE, "aws:TagKeys": keys})
        assert evaluated(apply, removed) is allowed
    for tags, allowed in (({key: value}, True), ({key: "never"}, False), ({key: ""}, False), ({"Name": "b"}, True)):
        given = {"Name": "a", **tags}
        asked = {f"aws:RequestTag/{name}": to for name, to in given.items()}
        added = Call("rds:AddTagsToResource", database, {**HERE, **asked, "aws:TagKeys": sorted(given)})
        assert evaluated(apply, added) is allowed, tags


def test_keys_of_what_is_not_production_go_with_it() -> None:
    """Those of production are protected, and what they encrypt is backups and the trail, too."""
    dev = delivery(context=dataclasses.replace(PRODUCTION, production=False))
    key = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/0"
    assert may(rights(dev, "apply"), "kms:ScheduleKeyDeletion", key, tag=PRODUCTION.environment)
    for action in ("kms:DisableKey", "kms:ScheduleKeyDeletion"):
        assert not may(rights(delivery(), "apply"), action, key, tag=PRODUCTION.environment)


@pytest.mark.parametrize(
    "action",
    [
        "kms:CreateAlias",
        "kms:CreateGrant",
        "kms:Decrypt",
        "kms:DisableKey",
        "kms:DisableKeyRotation",
        "kms:PutKeyPolicy",
        "kms:ScheduleKeyDeletion",
        "kms:TagResource",
        "kms:UntagResource",
        "kms:UpdateAlias",
    ],
)
@pytest.mark.parametrize("production", [True, False])
def test_the_key_of_what_the_guards_record_is_changed_and_used_by_no_job_and_no_role_of_the_environment(
    action: str, production: bool
) -> None:
    recorded = delivery(context=dataclasses.replace(PRODUCTION, production=production))
    everything = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    key, bearing = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/0", {"tag": "production", "request": "production"}
    for holder in (rights(recorded, "plan"), rights(recorded, "apply"), boundary(recorded)):
        given_all = Rights((*holder.policies, everything))
        assert not may(given_all, action, key, **bearing, **{NAME: "patchbay-production-auditing-records"})
        ours = may(given_all, action, key, **bearing, **{NAME: "patchbay-production-logs"})
        assert ours or (production and action in {"kms:DisableKey", "kms:ScheduleKeyDeletion"})


def test_the_key_of_what_the_guards_record_is_looked_at_by_every_job(production: Recorded) -> None:
    key, name = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/0", {NAME: "patchbay-production-auditing-records"}
    for action in ("DescribeKey", "GetKeyPolicy", "GetKeyRotationStatus", "ListResourceTags"):
        for role in ("plan", "apply"):
            assert may(rights(production, role), f"kms:{action}", key, tag="production", **name), action
