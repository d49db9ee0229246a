"""The web application firewall in front of the load balancer."""

from collections.abc import Sequence
from typing import Final

import pulumi
from pulumi_aws import cloudwatch, wafv2

from patchbay_infra.context import Context
from patchbay_infra.edge.config import EdgeConfig
from patchbay_infra.edge.firewall_rules import firewall_rules
from patchbay_infra.network.addresses import texts
from patchbay_infra.policy_document import allow, document

# What would let a reader of the logs act as the caller.
_QUERY: Final = wafv2.WebAclLoggingConfigurationRedactedFieldQueryStringArgs()  # type: ignore[no-untyped-call]
_REDACTED_HEADERS: Final = ("authorization", "cookie", "x-api-key", "x-webhook-key")


class Firewall(pulumi.ComponentResource):
    """Lets in what no rule blocks; see `firewall_rules`."""

    arn: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        config: EdgeConfig,
        *,
        context: Context,
        logs_key_arn: pulumi.Input[str],
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("patchbay:infra:Firewall", name, None, opts)
        self._name, self._context = name, context
        # A second one of a name is refused while the first is there.
        self._child = pulumi.ResourceOptions(parent=self, delete_before_replace=True)
        allowlists = {
            title: self._allowlist(title, texts(ingress.allowlist)) for title, ingress in config.key_ingresses.items()
        }
        acl = wafv2.WebAcl(
            name,
            name=context.name("edge"),
            description=f"In front of the tenants of {context.name()}",
            scope="REGIONAL",
            default_action=wafv2.WebAclDefaultActionArgs(allow=wafv2.WebAclDefaultActionAllowArgs()),
            rules=list(firewall_rules(config, allowlists)),
            visibility_config=wafv2.WebAclVisibilityConfigArgs(
                cloudwatch_metrics_enabled=True, metric_name=context.name("edge"), sampled_requests_enabled=True
            ),
            tags=context.tags("edge"),
            opts=self._child,
        )
        self.arn = acl.arn
        self._log(days=config.log_days, logs_key_arn=logs_key_arn)
        self.register_outputs({"arn": self.arn})

    def _allowlist(self, title: str, addresses: Sequence[str]) -> pulumi.Output[str]:
        return wafv2.IpSet(
            f"{self._name}-{title}",
            name=self._context.name("edge", title),
            description=f"May call {title}",
            scope="REGIONAL",
            ip_address_version="IPV4",
            addresses=list(addresses),
            tags=self._context.tags("edge", title),
            opts=self._child,
        ).arn

    def _log(self, *, days: int, logs_key_arn: pulumi.Input[str]) -> None:
        context = self._context
        # WAF logs only to groups whose name begins with aws-waf-logs-.
        group_name = f"aws-waf-logs-{context.name('edge')}"
        group = cloudwatch.LogGroup(
            self._name,
            name=group_name,
            retention_in_days=days,
            kms_key_id=logs_key_arn,
            tags=context.tags("edge", "firewall"),
            opts=self._child,
        )
        rights = cloudwatch.LogResourcePolicy(
            self._name,
            policy_name=context.name("edge", "firewall-logs"),
            policy_document=_delivery(context, group_name),
            opts=self._child,
        )
        wafv2.WebAclLoggingConfiguration(
            self._name,
            resource_arn=self.arn,
            log_destination_configs=[group.arn],
            redacted_fields=[
                wafv2.WebAclLoggingConfigurationRedactedFieldArgs(
                    single_header=wafv2.WebAclLoggingConfigurationRedactedFieldSingleHeaderArgs(name=header)
                )
                for header in _REDACTED_HEADERS
            ]
            # Senders that have only a URL show their key in it.
            + [wafv2.WebAclLoggingConfigurationRedactedFieldArgs(query_string=_QUERY)],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[rights]),
        )


def _delivery(context: Context, group_name: str) -> pulumi.Output[str]:
    of_this_account = {
        "StringEquals": {"aws:SourceAccount": context.account_id},
        "ArnLike": {"aws:SourceArn": context.arn("logs", "*")},
    }
    write = allow(
        ["logs:CreateLogStream", "logs:PutLogEvents"],
        [context.arn("logs", f"log-group:{group_name}:*")],
        of_this_account,
    )
    return document({**write, "Principal": {"Service": "delivery.logs.amazonaws.com"}})
