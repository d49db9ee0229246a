"""A place for each tenant's connector credentials."""

import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pytest
from patchbay_infra.context import Context
from patchbay_infra.tenant_secrets.component import TenantSecrets
from patchbay_infra.tenant_secrets.config import SecretsConfig

from .data_services import SECRETS_KEY, assert_tagged_uniquely, refusal
from .mocks import PRODUCTION, STAGING, Recorded, mock_arn, record

SECRET = "secretsmanager/secret:Secret"


def tenant_secrets(values: Mapping[str, Any] | None = None, context: Context = PRODUCTION) -> Recorded:
    def program() -> Mapping[str, Any]:
        made = TenantSecrets(
            "secrets",
            SecretsConfig.model_validate(values or {}),
            context=context,
            tenants=("example", "sample"),
            secrets_key_arn=SECRETS_KEY,
            opts=pulumi.ResourceOptions(),
        )
        return {"arns": dict(made.secret_arns), "prefix": made.path_prefix}

    return record(program)


def test_each_tenant_has_a_secret_of_its_own_below_the_environment_s_path() -> None:
    recorded = tenant_secrets()
    assert {one.inputs["name"] for one in recorded.of(SECRET)} == {
        f"patchbay/production/tenants/{tenant}/connectors" for tenant in ("example", "sample")
    }
    assert recorded.outputs == {
        "arns": {tenant: mock_arn(f"secrets-{tenant}") for tenant in ("example", "sample")},
        "prefix": "patchbay/production/tenants",
    }


def test_no_value_passes_through_the_program_and_nothing_changes_one() -> None:
    recorded = tenant_secrets()
    assert {one.type for one in recorded.resources if one.type.startswith("aws:")} == {
        "aws:secretsmanager/secret:Secret",
        "aws:secretsmanager/secretPolicy:SecretPolicy",
    }


def test_secrets_are_encrypted_recoverable_and_kept_in_production() -> None:
    for secret in tenant_secrets().of(SECRET):
        assert secret.inputs["kmsKeyId"] == SECRETS_KEY
        assert secret.inputs["recoveryWindowInDays"] == 30
        assert secret.protect
    assert not any(secret.protect for secret in tenant_secrets(context=STAGING).of(SECRET))


def test_no_other_account_is_let_in() -> None:
    recorded = tenant_secrets()
    for policy in recorded.of("secretsmanager/secretPolicy:SecretPolicy"):
        (statement,) = json.loads(policy.inputs["policy"])["Statement"]
        assert (statement["Effect"], statement["Principal"]) == ("Deny", "*")
        assert statement["Condition"] == {"StringNotEquals": {"aws:PrincipalAccount": "111122223333"}}
        assert statement["Resource"] == [policy.inputs["secretArn"]]
        assert policy.inputs["blockPublicPolicy"] is True


def test_everything_can_be_found_by_its_name_tag() -> None:
    assert_tagged_uniquely(tenant_secrets())


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"recoveryDays": 0}, "recoveryDays: Input should be greater than or equal to 7"),
        ({"values": {"example": "x"}}, "values: unknown key; correct its spelling or remove it"),
    ],
)
def test_a_wrong_config_is_refused_with_the_field_and_the_remedy(values: Mapping[str, Any], told: str) -> None:
    assert told in refusal(SecretsConfig, values)
