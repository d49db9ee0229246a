"""What the web application firewall lets in, counts and blocks."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Final

import pulumi
from pulumi_aws import wafv2

from patchbay_infra.edge.config import EdgeConfig

_COMMON_RULES: Final = "AWSManagedRulesCommonRuleSet"
_MANAGED_GROUPS: Final = (
    "AWSManagedRulesAmazonIpReputationList",
    "AWSManagedRulesKnownBadInputsRuleSet",
    _COMMON_RULES,
)
# An encoded, doubled or capital spelling of a path is judged as the path.
_PATH_SPELLINGS: Final = ("URL_DECODE", "NORMALIZE_PATH", "LOWERCASE")
# The SDK leaves types without a field untyped.
_IN_FORCE: Final = wafv2.WebAclRuleOverrideActionArgs(
    none=wafv2.WebAclRuleOverrideActionNoneArgs()  # type: ignore[no-untyped-call]
)
_COUNTED: Final = wafv2.WebAclRuleOverrideActionArgs(
    count=wafv2.WebAclRuleOverrideActionCountArgs()  # type: ignore[no-untyped-call]
)
_URI_PATH: Final = wafv2.WebAclRuleStatementByteMatchStatementFieldToMatchUriPathArgs()  # type: ignore[no-untyped-call]


def firewall_rules(config: EdgeConfig, allowlists: Mapping[str, pulumi.Input[str]]) -> Iterator[wafv2.WebAclRuleArgs]:
    """Blocks strangers at key ingresses and too many requests; counts or blocks what AWS' rules know as bad.

    AWS' rules never see a webhook: the sender is a program that may leave out its name, and the body is the text of
    whoever uses it. Both are refused by them (`NoUserAgent_HEADER`, `CrossSiteScripting_BODY`, `GenericRFI_BODY`, ...).
    What protects a webhook is the rate here, and the limits and the signature at the gateway and the API.
    Source: AWS WAF Developer Guide, "Baseline rule groups".

    `allowlists`: ARNs of IP sets, by the key ingress.
    """
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
    for prefix in config.webhook_prefixes:
        yield wafv2.WebAclRuleArgs(
            name=(name := f"webhooks-{prefix.strip('/')}"),
            priority=next(priority),
            # Ends the evaluation: the groups below are not asked.
            action=wafv2.WebAclRuleActionArgs(allow=wafv2.WebAclRuleActionAllowArgs()),
            statement=_begins_with(prefix),
            visibility_config=_visible(name),
        )
    for group in _MANAGED_GROUPS:
        yield wafv2.WebAclRuleArgs(
            name=group,
            priority=next(priority),
            override_action=_COUNTED if config.managed_rules == "count" else _IN_FORCE,
            statement=_managed(group, config.counted_rules if group == _COMMON_RULES else ()),
            visibility_config=_visible(group),
        )


def _strangers_at(prefix: str, allowlist_arn: pulumi.Input[str]) -> wafv2.WebAclRuleStatementArgs:
    known = wafv2.WebAclRuleStatementArgs(
        ip_set_reference_statement=wafv2.WebAclRuleStatementIpSetReferenceStatementArgs(arn=allowlist_arn)
    )
    return wafv2.WebAclRuleStatementArgs(
        and_statement=wafv2.WebAclRuleStatementAndStatementArgs(
            statements=[
                _begins_with(prefix),
                wafv2.WebAclRuleStatementArgs(not_statement=wafv2.WebAclRuleStatementNotStatementArgs(statement=known)),
            ]
        )
    )


def _begins_with(prefix: str) -> wafv2.WebAclRuleStatementArgs:
    path = wafv2.WebAclRuleStatementByteMatchStatementArgs(
        positional_constraint="STARTS_WITH",
        search_string=prefix,
        field_to_match=wafv2.WebAclRuleStatementByteMatchStatementFieldToMatchArgs(uri_path=_URI_PATH),
        text_transformations=[
            wafv2.WebAclRuleStatementByteMatchStatementTextTransformationArgs(priority=priority, type=spelling)
            for priority, spelling in enumerate(_PATH_SPELLINGS)
        ],
    )
    return wafv2.WebAclRuleStatementArgs(byte_match_statement=path)


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
