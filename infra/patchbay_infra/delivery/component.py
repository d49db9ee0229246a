"""OIDC provider, plan role, apply role and permission boundary of an environment."""

from collections.abc import Mapping, Sequence
from typing import Final

import pulumi
import pulumi_aws as aws

from patchbay_infra.context import Context
from patchbay_infra.delivery.boundary import ceiling, denials
from patchbay_infra.delivery.changes.edge import placed_changes
from patchbay_infra.delivery.changes.layers import change_rights
from patchbay_infra.delivery.config import DeliveryConfig
from patchbay_infra.delivery.reads import read_rights
from patchbay_infra.delivery.scope import Outside, Scope
from patchbay_infra.delivery.state import state_reading, state_writing
from patchbay_infra.delivery.watched import watched
from patchbay_infra.policy_document import Statement, document, trust

_PLAN_SESSION_SECONDS: Final = 3600


class Delivery(pulumi.ComponentResource):
    """The code host's jobs take these roles with a token of their own; there is no key to keep.

    The apply role cannot change any of what is made here: an administrator deploys this part.
    `outside`: what the environment handles without owning it.
    """

    plan_role_arn: pulumi.Output[str]
    apply_role_arn: pulumi.Output[str]
    boundary_arn: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        config: DeliveryConfig,
        *,
        context: Context,
        outside: Outside,
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("patchbay:infra:Delivery", name, None, opts)
        self._name, self._config, self._context = name, config, context
        self._scope = scope = Scope(context)
        provider = self._identity_provider()
        # Its key tells where the state is kept, which may be in another region.
        state_region = config.state_key_arn.split(":")[3]
        regions = sorted({context.region, state_region, *config.further_regions})
        denied = denials(scope, regions, state_key=config.state_key_arn, kept=outside.kept)
        self.boundary_arn = self._policy(
            "boundary", "The most that a role of the environment can be given", (*ceiling(scope), *denied)
        ).arn
        reads = self._policy("reads", "Settings of everything, contents of nothing", read_rights(scope))
        changes = {
            layer: self._policy(f"changes-{layer}", f"What a deployment changes: {layer}", rights)
            for layer, rights in change_rights(scope, outside, config.further_regions).items()
        }
        guard = self._policy("guard", "What a deployment never does", (*denied, *watched(context)))

        plan = self._role(
            "plan",
            provider,
            claims={"sub": f"repo:{config.repository}:pull_request"},
            session_seconds=_PLAN_SESSION_SECONDS,
            policies={"reads": reads, "guard": guard},
            state=state_reading(config, context.environment),
        )
        apply = self._role(
            "apply",
            provider,
            claims={
                "sub": f"repo:{config.repository}:environment:{context.environment}",
                "ref": f"refs/heads/{config.branch}",
            },
            session_seconds=config.apply_session_seconds,
            policies={"reads": reads, "guard": guard, **changes},
            state=state_writing(config, context.environment),
        )
        self.plan_role_arn, self.apply_role_arn, self._apply_role_name = plan.arn, apply.arn, apply.name
        self.register_outputs(
            {
                "planRoleArn": self.plan_role_arn,
                "applyRoleArn": self.apply_role_arn,
                "boundaryArn": self.boundary_arn,
            }
        )

    def place(self, *, zone_id: pulumi.Input[str], own_zone: bool, vpc_id: pulumi.Input[str]) -> None:
        """Gives the apply role what is bound by ids that AWS chooses, once they are known.

        `own_zone`: whether the hosted zone is the environment's, or one that was there before.
        """
        rights = placed_changes(self._scope, zone_id=zone_id, own_zone=own_zone, vpc_id=vpc_id)
        aws.iam.RolePolicy(
            f"{self._name}-apply-placed",
            name="placed",
            role=self._apply_role_name,
            policy=document(*rights),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _identity_provider(self) -> pulumi.Input[str]:
        if self._config.provider_arn is not None:
            return self._config.provider_arn
        return aws.iam.OpenIdConnectProvider(
            self._name,
            url=self._config.issuer,
            client_id_lists=[self._config.audience],
            tags=self._context.tags("delivery"),
            opts=pulumi.ResourceOptions(parent=self),
        ).arn

    def _policy(self, purpose: str, description: str, statements: Sequence[Statement]) -> aws.iam.Policy:
        return aws.iam.Policy(
            f"{self._name}-{purpose}",
            name=self._context.name("delivery", purpose),
            description=description,
            policy=document(*statements),
            tags=self._context.tags("delivery", purpose),
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )

    def _role(
        self,
        purpose: str,
        provider: pulumi.Input[str],
        *,
        claims: Mapping[str, str],
        session_seconds: int,
        policies: Mapping[str, aws.iam.Policy],
        state: Sequence[Statement],
    ) -> aws.iam.Role:
        name, child = f"{self._name}-{purpose}", pulumi.ResourceOptions(parent=self)
        config = self._config
        wanted = {f"{config.issuer_name}:{claim}": value for claim, value in claims.items()}
        role = aws.iam.Role(
            name,
            name=self._context.name("delivery", purpose),
            description=f"{purpose} of {config.repository}",
            max_session_duration=session_seconds,
            assume_role_policy=document(
                trust(
                    {"Federated": provider},
                    ["sts:AssumeRoleWithWebIdentity"],
                    {"StringEquals": {f"{config.issuer_name}:aud": config.audience, **wanted}},
                )
            ),
            tags=self._context.tags("delivery", purpose),
            opts=child,
        )
        for title, policy in policies.items():
            aws.iam.RolePolicyAttachment(f"{name}-{title}", role=role.name, policy_arn=policy.arn, opts=child)
        aws.iam.RolePolicy(f"{name}-state", name="state", role=role.name, policy=document(*state), opts=child)
        return role
