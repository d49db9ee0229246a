"""A place for each tenant's connector credentials."""

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_aws as aws

from patchbay_infra import policy_document
from patchbay_infra.context import PRODUCT, Context
from patchbay_infra.policy_document import deny
from patchbay_infra.tenant_secrets.config import SecretsConfig


class TenantSecrets(pulumi.ComponentResource):
    """One empty secret for each tenant: `patchbay/<environment>/tenants/<tenant>/connectors`.

    Values are put there by who knows them, and never pass through the program or its state. Nothing rotates them: they
    are credentials of partners' systems, which only the partner changes. `path_prefix`: what all
    names start with, for the rights of who reads them; IAM decides in this account, and no other account may read.
    `secret_arns`: by tenant.
    """

    secret_arns: Mapping[str, pulumi.Output[str]]
    path_prefix: str

    def __init__(
        self,
        name: str,
        config: SecretsConfig,
        *,
        context: Context,
        tenants: Sequence[str],
        secrets_key_arn: pulumi.Input[str],
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("patchbay:infra:TenantSecrets", name, None, opts)
        self._name, self._config, self._context = name, config, context
        self.path_prefix = f"{PRODUCT}/{context.environment}/tenants"
        self.secret_arns = {tenant: self._secret(tenant, secrets_key_arn) for tenant in tenants}
        self.register_outputs({"secretArns": self.secret_arns})

    def _secret(self, tenant: str, key_arn: pulumi.Input[str]) -> pulumi.Output[str]:
        label, config = f"{self._name}-{tenant}", self._config
        child = pulumi.ResourceOptions(parent=self)
        secret = aws.secretsmanager.Secret(
            label,
            name=f"{self.path_prefix}/{tenant}/connectors",
            description=f"Credentials of the connectors of {tenant}",
            kms_key_id=key_arn,
            recovery_window_in_days=config.recovery_days,
            tags=self._context.tags(self._name, tenant, **{"patchbay:tenant": tenant}),
            opts=pulumi.ResourceOptions(parent=self, protect=self._context.production, delete_before_replace=True),
        )
        aws.secretsmanager.SecretPolicy(
            label,
            secret_arn=secret.arn,
            policy=self._own_account_only(secret.arn),
            block_public_policy=True,
            opts=child,
        )
        return secret.arn

    def _own_account_only(self, secret_arn: pulumi.Output[str]) -> pulumi.Output[str]:
        strangers = deny(
            ["secretsmanager:*"],
            [secret_arn],
            {"StringNotEquals": {"aws:PrincipalAccount": self._context.account_id}},
        )
        return policy_document.document({**strangers, "Principal": "*"})
