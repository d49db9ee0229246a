"""One key for each kind of secret, so that the right to read one kind gives none to another."""

import pulumi
from pulumi_aws import kms

from patchbay_infra.context import Context
from patchbay_infra.encryption import policies
from patchbay_infra.policy_document import Statement


class Keys(pulumi.ComponentResource):
    """Customer-managed keys that rotate every year, each with an alias of the environment's name.

    `data`: databases, cache, search, objects. `secrets`: Secrets Manager. `logs`: log groups and alarm topics.
    `cluster`: Kubernetes secrets and the nodes' volumes. What the account's guards record has a key among them.
    `backups_account`: the other account that backups are copied to.
    """

    data_arn: pulumi.Output[str]
    secrets_arn: pulumi.Output[str]
    logs_arn: pulumi.Output[str]
    cluster_arn: pulumi.Output[str]

    def __init__(
        self, name: str, *, context: Context, backups_account: str | None = None, opts: pulumi.ResourceOptions
    ) -> None:
        super().__init__("patchbay:infra:Keys", name, None, opts)
        self._name, self._context = name, context
        self.data_arn = self._key("data", *(policies.copied_backups(backups_account) if backups_account else ()))
        self.secrets_arn = self._key("secrets")
        self.logs_arn = self._key(
            "logs",
            policies.log_groups(context),
            policies.alarm_topics(context),
            policies.event_notices(context),
        )
        self.cluster_arn = self._key("cluster", *policies.node_volumes(context))
        self.register_outputs(
            {
                "dataArn": self.data_arn,
                "secretsArn": self.secrets_arn,
                "logsArn": self.logs_arn,
                "clusterArn": self.cluster_arn,
            }
        )

    def _key(self, purpose: str, *services: Statement) -> pulumi.Output[str]:
        return rotating_key(f"{self._name}-{purpose}", purpose, *services, context=self._context, parent=self)


def rotating_key(
    name: str, purpose: str, *services: Statement, context: Context, parent: pulumi.Resource
) -> pulumi.Output[str]:
    """The key's ARN. `purpose`: in the environment, the end of its alias and of its `Name` tag.

    `services`: who uses it beside those whom IAM lets.
    """
    key = kms.Key(
        name,
        description=f"{purpose} of {context.name()}",
        policy=policies.key_policy(context, *services),
        enable_key_rotation=True,
        # The longest and the shortest wait that KMS knows: what a lost key encrypted is lost.
        deletion_window_in_days=30 if context.production else 7,
        tags=context.tags(purpose),
        opts=pulumi.ResourceOptions(parent=parent, protect=context.production),
    )
    kms.Alias(
        name,
        name=f"alias/{context.name(purpose)}",
        target_key_id=key.key_id,
        opts=pulumi.ResourceOptions(parent=parent, delete_before_replace=True),
    )
    return key.arn
