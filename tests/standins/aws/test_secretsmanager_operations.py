"""Secrets Manager through boto3."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.standins.aws.launched import launched


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with launched(tmp_path_factory.mktemp("emulator")) as account:
        yield account.client("secretsmanager")


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
