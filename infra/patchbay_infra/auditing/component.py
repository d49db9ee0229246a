"""The guards of the account that this stack makes."""

import pulumi

from patchbay_infra.auditing.config import AuditingConfig, makes
from patchbay_infra.auditing.findings import security_hub
from patchbay_infra.auditing.recorder import recorder
from patchbay_infra.auditing.threats import threat_notices, threats
from patchbay_infra.auditing.trail import trail
from patchbay_infra.context import Context
from patchbay_infra.encryption.keys import rotating_key
from patchbay_infra.encryption.policies import records


class Auditing(pulumi.ComponentResource):
    """CloudTrail, GuardDuty, Security Hub and AWS Config, as far as the config has them made here.

    A deployment changes none of it: what watches over deployments is an administrator's, as the delivery's own rights
    are. What is recorded has a key of its own: one of the environment's, a deployment could close to CloudTrail.
    """

    def __init__(
        self,
        name: str,
        config: AuditingConfig,
        *,
        context: Context,
        topic_arn: pulumi.Input[str],
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("patchbay:infra:Auditing", name, None, opts)
        recording = []
        if makes(config.cloud_trail) or makes(config.aws_config):
            trail_arn = context.arn("cloudtrail", f"trail/{context.name(name, 'trail')}")
            key_arn = rotating_key(
                f"{name}-records", f"{name}-records", *records(context, trail_arn), context=context, parent=self
            )
            if makes(config.cloud_trail):
                trail(f"{name}-trail", config, context=context, key_arn=key_arn, parent=self)
            if makes(config.aws_config):
                recording.append(recorder(f"{name}-config", config, context=context, key_arn=key_arn, parent=self))
        if makes(config.guard_duty):
            threats(f"{name}-threats", context=context, parent=self)
        if config.guard_duty is not None:
            # Also of a detector that is given: its findings reach the account's own events.
            threat_notices(f"{name}-threats", context=context, topic_arn=topic_arn, parent=self)
        if makes(config.security_hub):
            security_hub(f"{name}-findings", context=context, after=recording, parent=self)
        self.register_outputs({})
