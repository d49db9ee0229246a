"""The web application firewall in front of the load balancer."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Final

import pulumi
from pulumi_aws import cloudwatch, wafv2

from patchbay_infra.context import Context
from patchbay_infra.edge.config import EdgeConfig
from patchbay_infra.network.addresses import texts
from patchbay_infra.policy_document import allow, document

_COMMON_RULES: Final = "AWSManagedRulesCommonRuleSet"
_MANAGED_GROUPS: Final = (
    "AWSManagedRulesAmazonIpReputationList",
    "AWSManagedRulesKnownBadInputsRuleSet",
    _COMMON_RULES,
)
# An encoded, doubled or capital spelling of a path is judged as the path.
_PATH_SPELLINGS: Final = ("URL_DECODE", "NORMALIZE_PATH", "LOWERCASE")
# What would let a reader of the logs act as the caller.
_REDACTED_HEADERS: Final = ("authorization", "cookie")
# The SDK leaves types without a field untyped.
_NO_OVERRIDE: Final = wafv2.WebAclRuleOverrideActionNoneArgs()  # type: ignore[no-untyped-call]
_URI_PATH: Final = wafv2.WebAclRuleStatementByteMatchStatementFieldToMatchUriPathArgs()  # type: ignore[no-untyped-call]


class Firewall(pulumi.ComponentResource):
    """Lets in what no rule blocks: strangers at key ingresses, too many requests, and what AWS' rules know as bad."""

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
            rules=list(_rules(config, allowlists)),
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
            ],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[rights]),
        )


def _rules(config: EdgeConfig, allowlists: Mapping[str, pulumi.Output[str]]) -> Iterator[wafv2.WebAclRuleArgs]:
    priority = count()
    for title, ingress in config.key_ingresses.items():
        for prefix in ingress.prefixes:
            yield wafv2.WebAclRuleArgs(
                name=(name := f"{title}-{prefix.strip('/')}"),
                priority=next(priority),
                action=wafv2.WebAclRuleActionArgs(block=wafv2.WebAclRuleActionBlockArgs()),
                statement=_strangers_at(prefix, allowlists[title]),
                visibility_config=_visible(name),
            )
    yield wafv2.WebAclRuleArgs(
        name="rate",
        priority=next(priority),
        action=wafv2.WebAclRuleActionArgs(
            block=wafv2.WebAclRuleActionBlockArgs(
                custom_response=wafv2.WebAclRuleActionBlockCustomResponseArgs(response_code=429)
            )
        ),
        statement=wafv2.WebAclRuleStatementArgs(
            rate_based_statement=wafv2.WebAclRuleStatementRateBasedStatementArgs(
                aggregate_key_type="IP", limit=config.requests_per_five_minutes, evaluation_window_sec=300
            )
        ),
        visibility_config=_visible("rate"),
    )
    for group in _MANAGED_GROUPS:
        yield wafv2.WebAclRuleArgs(
            name=group,
            priority=next(priority),
            override_action=wafv2.WebAclRuleOverrideActionArgs(none=_NO_OVERRIDE),
            statement=_managed(group, config.counted_rules if group == _COMMON_RULES else ()),
            visibility_config=_visible(group),
        )


def _strangers_at(prefix: str, allowlist_arn: pulumi.Input[str]) -> wafv2.WebAclRuleStatementArgs:
    path = wafv2.WebAclRuleStatementByteMatchStatementArgs(
        positional_constraint="STARTS_WITH",
        search_string=prefix,
        field_to_match=wafv2.WebAclRuleStatementByteMatchStatementFieldToMatchArgs(uri_path=_URI_PATH),
        text_transformations=[
            wafv2.WebAclRuleStatementByteMatchStatementTextTransformationArgs(priority=priority, type=spelling)
            for priority, spelling in enumerate(_PATH_SPELLINGS)
        ],
    )
    known = wafv2.WebAclRuleStatementArgs(
        ip_set_reference_statement=wafv2.WebAclRuleStatementIpSetReferenceStatementArgs(arn=allowlist_arn)
    )
    return wafv2.WebAclRuleStatementArgs(
        and_statement=wafv2.WebAclRuleStatementAndStatementArgs(
            statements=[
                wafv2.WebAclRuleStatementArgs(byte_match_statement=path),
                wafv2.WebAclRuleStatementArgs(not_statement=wafv2.WebAclRuleStatementNotStatementArgs(statement=known)),
            ]
        )
    )


def _managed(group: str, counted: Sequence[str]) -> wafv2.WebAclRuleStatementArgs:
    only_counted = wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideActionToUseArgs(
        count=wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideActionToUseCountArgs()
    )
    return wafv2.WebAclRuleStatementArgs(
        managed_rule_group_statement=wafv2.WebAclRuleStatementManagedRuleGroupStatementArgs(
            vendor_name="AWS",
            name=group,
            rule_action_overrides=[
                wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideArgs(
                    name=rule, action_to_use=only_counted
                )
                for rule in counted
            ],
        )
    )


def _visible(metric: str) -> wafv2.WebAclRuleVisibilityConfigArgs:
    return wafv2.WebAclRuleVisibilityConfigArgs(
        cloudwatch_metrics_enabled=True, metric_name=metric, sampled_requests_enabled=True
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
