"""What the environment's keys give: one for each kind of secret, and no service but the needed ones let in."""

import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pytest
from patchbay_infra.context import Context
from patchbay_infra.encryption.keys import Keys

from tests.unit.infra.mocks import ACCOUNT, PRODUCTION, STAGING, Recorded, record

PURPOSES = ("data", "secrets", "logs", "cluster")


def keys(context: Context, backups_account: str | None = None) -> Recorded:
    def program() -> Mapping[str, Any]:
        made = Keys("keys", context=context, backups_account=backups_account, opts=pulumi.ResourceOptions())
        return {
            "data": made.data_arn,
            "secrets": made.secrets_arn,
            "logs": made.logs_arn,
            "cluster": made.cluster_arn,
        }

    return record(program, outputs={"kms/key:Key": {"keyId": "key-id"}})


@pytest.fixture(scope="module")
def production() -> Recorded:
    return keys(PRODUCTION)


def services(recorded: Recorded, purpose: str) -> dict[str, Any]:
    """Statements by their Sid, without that of the account's own IAM."""
    document = json.loads(recorded.one("kms/key:Key", f"keys-{purpose}").inputs["policy"])
    own, *others = document["Statement"]
    assert own["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    return {statement["Sid"]: statement for statement in others}


def test_each_kind_of_secret_has_a_key_of_its_own_that_rotates(production: Recorded) -> None:
    made = production.of("kms/key:Key")
    assert {key.name for key in made} == {f"keys-{purpose}" for purpose in PURPOSES}
    assert all(key.inputs["enableKeyRotation"] for key in made)
    assert len(set(production.outputs.values())) == len(PURPOSES)


def test_a_key_is_found_by_the_environments_name(production: Recorded) -> None:
    aliases = {alias.inputs["name"] for alias in production.of("kms/alias:Alias")}
    assert aliases == {f"alias/patchbay-production-{purpose}" for purpose in PURPOSES}
    assert len({key.inputs["tags"]["Name"] for key in production.of("kms/key:Key")}) == len(PURPOSES)


def test_productions_keys_are_not_deleted_by_mistake(production: Recorded) -> None:
    made = production.of("kms/key:Key")
    assert all(key.protect and key.inputs["deletionWindowInDays"] == 30 for key in made)
    assert not any(key.protect for key in keys(STAGING).of("kms/key:Key"))


def test_no_service_may_use_the_keys_of_data_and_secrets_but_through_iam(production: Recorded) -> None:
    assert services(production, "data") == {}
    assert services(production, "secrets") == {}


def test_log_groups_of_this_account_and_region_only_use_the_logs_key(production: Recorded) -> None:
    statement = services(production, "logs")["LogGroups"]
    assert statement["Principal"] == {"Service": "logs.eu-central-1.amazonaws.com"}
    assert statement["Condition"] == {
        "ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:eu-central-1:{ACCOUNT}:log-group:*"}
    }


def test_alarms_and_budgets_reach_the_encrypted_topic_in_this_accounts_name_only(production: Recorded) -> None:
    statement = services(production, "logs")["AlarmTopics"]
    assert {"cloudwatch.amazonaws.com", "budgets.amazonaws.com"} <= set(statement["Principal"]["Service"])
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    assert "kms:Encrypt" not in statement["Action"]


def test_event_rules_reach_the_environments_encrypted_topics_only(production: Recorded) -> None:
    statement = services(production, "logs")["EventNotices"]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    topics = f"arn:aws:sns:eu-central-1:{ACCOUNT}:patchbay-production-*"
    assert statement["Condition"] == {"ArnLike": {"kms:EncryptionContext:aws:sns:topicArn": topics}}


def test_no_key_that_a_deployment_changes_encrypts_what_the_guards_record(production: Recorded) -> None:
    assert set(services(production, "logs")) == {"LogGroups", "AlarmTopics", "EventNotices"}


def test_auto_scaling_alone_starts_nodes_with_encrypted_volumes(production: Recorded) -> None:
    statements = services(production, "cluster")
    assert set(statements) == {"NodeVolumes", "NodeVolumeGrants"}
    for statement in statements.values():
        assert statement["Condition"]["ArnEquals"] == {
            "aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/autoscaling.amazonaws.com/"
            "AWSServiceRoleForAutoScaling"
        }
    assert statements["NodeVolumeGrants"]["Condition"]["Bool"] == {"kms:GrantIsForAWSResource": "true"}


def test_of_an_account_that_gets_copies_of_backups_only_aws_backup_uses_the_data_key() -> None:
    made = keys(PRODUCTION, backups_account="999999999999")
    assert services(made, "secrets") == {}
    statements = services(made, "data")
    for statement in statements.values():
        assert statement["Principal"] == {"AWS": "arn:aws:iam::999999999999:root"}
        assert statement["Condition"]["ArnEquals"] == {
            "aws:PrincipalArn": "arn:aws:iam::999999999999:role/aws-service-role/backup.amazonaws.com/"
            "AWSServiceRoleForBackup"
        }
    grants = [one for one in statements.values() if "kms:CreateGrant" in one["Action"]]
    assert [one["Condition"]["Bool"] for one in grants] == [{"kms:GrantIsForAWSResource": "true"}]
