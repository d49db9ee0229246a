"""Secrets Manager through boto3."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.standins.aws.launched import launched

ROTATION = "arn:aws:lambda:eu-central-1:111122223333:function:example"


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with launched(tmp_path_factory.mktemp("emulator")) as account:
        yield account.client("secretsmanager")


def test_a_secret_without_a_value_rotates_by_a_function_that_is_elsewhere(secrets: Any) -> None:
    secrets.create_secret(Name="rotating")
    for rules in ({"AutomaticallyAfterDays": 30, "Duration": "2h"}, {"ScheduleExpression": "rate(30 days)"}):
        secrets.rotate_secret(
            SecretId="rotating", RotationLambdaARN=ROTATION, RotationRules=rules, RotateImmediately=False
        )
        found = secrets.describe_secret(SecretId="rotating")
        assert (found["RotationEnabled"], found["RotationLambdaARN"]) == (True, ROTATION)
        assert found["RotationRules"] == rules
    secrets.cancel_rotate_secret(SecretId="rotating")
    assert not secrets.describe_secret(SecretId="rotating").get("RotationEnabled")


def test_rotation_needs_a_function_and_one_rule(secrets: Any) -> None:
    secrets.create_secret(Name="still")
    with pytest.raises(ClientError, match="No Lambda rotation function"):
        secrets.rotate_secret(SecretId="still", RotationRules={"AutomaticallyAfterDays": 30})
    with pytest.raises(ClientError, match="either"):
        secrets.rotate_secret(SecretId="still", RotationLambdaARN=ROTATION)
    assert "RotationLambdaARN" not in secrets.describe_secret(SecretId="still")


def test_the_name_of_a_deleted_secret_is_free_after_its_recovery_window_only(secrets: Any) -> None:
    secrets.create_secret(Name="deleted")
    secrets.delete_secret(SecretId="deleted", RecoveryWindowInDays=7)
    assert "DeletedDate" in secrets.describe_secret(SecretId="deleted")
    with pytest.raises(ClientError, match="scheduled for deletion"):
        secrets.create_secret(Name="deleted")
    secrets.restore_secret(SecretId="deleted")
    secrets.delete_secret(SecretId="deleted", ForceDeleteWithoutRecovery=True)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        secrets.describe_secret(SecretId="deleted")
    secrets.create_secret(Name="deleted")
