"""Rows of Secrets Manager, tried with the arguments of the tenants' secrets."""

from collections.abc import Iterator

import pytest

from tests.standins.aws.account import Account
from tests.standins.aws.launched import launched
from tests.standins.pulumi_plugins.aws.rows import change, destroy, program, settle
from tests.standins.pulumi_plugins.stack import Stack

pytestmark = pytest.mark.long

SECRETS = """
key = aws.kms.Key("key", description="Secrets", tags={"Name": "secrets"}, opts=opts)
secret = aws.secretsmanager.Secret("secret", name="patchbay/example/tenants/one/connectors", description=DESCRIPTION,
    kms_key_id=key.arn, recovery_window_in_days=RECOVERY, tags={"Name": "one"}, opts=opts)
aws.secretsmanager.SecretPolicy("secret", secret_arn=secret.arn, block_public_policy=True, policy=secret.arn.apply(
    lambda arn: json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*",
        "Action": ACTIONS, "Resource": arn,
        "Condition": {"StringNotEquals": {"aws:PrincipalAccount": "111122223333"}}}]})), opts=opts)
pulumi.export("arn", secret.arn)
"""
FIRST = 'DESCRIPTION, ACTIONS, RECOVERY = "Example", "secretsmanager:*", 7\n'
SECOND = 'DESCRIPTION, ACTIONS, RECOVERY = "Changed", ["secretsmanager:GetSecretValue"], 7\n'


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with launched(tmp_path_factory.mktemp("emulator")) as account:
        yield account


def test_a_secret_is_made_kept_changed_and_deleted_with_its_recovery_window(stack: Stack, account: Account) -> None:
    settle(stack, program(account, FIRST + SECRETS, network=False))
    client = account.client("secretsmanager")
    [listed] = client.list_secrets()["SecretList"]
    assert stack.outputs()["arn"] == listed["ARN"]
    found = client.describe_secret(SecretId=listed["ARN"])
    assert "VersionIdsToStages" not in found

    change(stack, program(account, SECOND + SECRETS, network=False), updated=2)
    found = client.describe_secret(SecretId=listed["ARN"])
    assert found["Description"] == "Changed"
    assert "GetSecretValue" in client.get_resource_policy(SecretId=listed["ARN"])["ResourcePolicy"]

    destroy(stack)
    found = client.describe_secret(SecretId=listed["ARN"])
    assert (found["DeletedDate"] - found["CreatedDate"]).days in (6, 7)


def test_a_secret_without_a_recovery_window_is_gone_at_once(stack: Stack, account: Account) -> None:
    text = 'aws.secretsmanager.Secret("secret", name="gone", recovery_window_in_days=0, opts=opts)\n'
    stack.up(program(account, text, network=False))
    destroy(stack)
    listed = account.client("secretsmanager").list_secrets(IncludePlannedDeletion=True)["SecretList"]
    assert "gone" not in {secret["Name"] for secret in listed}
