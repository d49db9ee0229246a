"""What AWS' own services tell of is passed on to the topic."""

import json
from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi_aws import cloudwatch

from patchbay_infra.context import Context


def tell(
    name: str,
    pattern: Mapping[str, Any],
    advice: str,
    *,
    context: Context,
    topic_arn: pulumi.Input[str],
    parent: pulumi.Resource,
) -> cloudwatch.EventRule:
    """Events that match the pattern. `advice`: what whoever is told does first; it stands in the rule's description."""
    child = pulumi.ResourceOptions(parent=parent, delete_before_replace=True)
    rule = cloudwatch.EventRule(
        name,
        name=context.name(name),
        description=advice,
        event_pattern=json.dumps(pattern, separators=(",", ":")),
        tags=context.tags(name),
        opts=child,
    )
    cloudwatch.EventTarget(name, rule=rule.name, target_id="topic", arn=topic_arn, opts=child)
    return rule
