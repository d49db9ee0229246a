"""The topic by which the environment calls people."""

from typing import Final

import pulumi
import pulumi_aws as aws

from patchbay_infra import policy_document
from patchbay_infra.context import Context
from patchbay_infra.policy_document import allow, deny
from patchbay_infra.watching.config import WatchingConfig

_PUBLISHERS: Final = ("budgets.amazonaws.com", "cloudwatch.amazonaws.com", "costalerts.amazonaws.com")
_EVENTS: Final = "events.amazonaws.com"


def alarm_topic(
    name: str,
    config: WatchingConfig,
    *,
    context: Context,
    key_arn: pulumi.Input[str],
    events: bool,
    parent: pulumi.Resource,
) -> tuple[aws.sns.Topic, aws.sns.TopicPolicy]:
    """The topic with its subscribers, and the policy without which nobody may publish to it.

    `events`: whether rules of EventBridge send to it as well.
    """
    child = pulumi.ResourceOptions(parent=parent)
    topic = aws.sns.Topic(
        name,
        name=context.name(name),
        kms_master_key_id=key_arn,
        tags=context.tags(name),
        opts=pulumi.ResourceOptions(parent=parent, delete_before_replace=True),
    )
    policy = aws.sns.TopicPolicy(name, arn=topic.arn, policy=_policy(topic.arn, context, events=events), opts=child)
    for protocol, addresses in (("email", config.emails), ("https", config.endpoints)):
        for number, address in enumerate(addresses):
            aws.sns.TopicSubscription(
                f"{name}-{protocol}-{number}", topic=topic.arn, protocol=protocol, endpoint=address, opts=child
            )
    return topic, policy


def _policy(topic_arn: pulumi.Output[str], context: Context, *, events: bool) -> pulumi.Output[str]:
    """EventBridge gets no condition: AWS takes none in a topic's policy for it (EventBridge's guide, "Amazon SNS
    permissions"). A rule of a stranger that knew the topic could send to it, and nothing more.
    """
    ours = {"StringEquals": {"aws:SourceAccount": context.account_id}}
    plain = {"Bool": {"aws:SecureTransport": "false"}}
    from_rules = {"Sid": "Events", **allow(["sns:Publish"], [topic_arn]), "Principal": {"Service": _EVENTS}}
    return policy_document.document(
        {
            "Sid": "Alarms",
            **allow(["sns:Publish"], [topic_arn], ours),
            "Principal": {"Service": list(_PUBLISHERS)},
        },
        *([from_rules] if events else []),
        {"Sid": "PlainConnection", **deny(["sns:Publish"], [topic_arn], plain), "Principal": "*"},
    )
