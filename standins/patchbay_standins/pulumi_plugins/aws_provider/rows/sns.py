"""SNS: topics, their policies and subscriptions."""

import json
from typing import Any, Final

from patchbay_standins.pulumi_plugins.aws_provider.fields import document
from patchbay_standins.pulumi_plugins.aws_provider.resource import Resource
from patchbay_standins.pulumi_plugins.aws_provider.row import Call, Field, Row, Tags, Update

_TOPIC: Final = {
    "contentBasedDeduplication": "ContentBasedDeduplication",
    "deliveryPolicy": "DeliveryPolicy",
    "displayName": "DisplayName",
    "fifoTopic": "FifoTopic",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "policy": "Policy",
    "signatureVersion": "SignatureVersion",
    "tracingConfig": "TracingConfig",
}
_SUBSCRIPTION: Final = {
    "deliveryPolicy": "DeliveryPolicy",
    "filterPolicy": "FilterPolicy",
    "filterPolicyScope": "FilterPolicyScope",
    "rawMessageDelivery": "RawMessageDelivery",
    "redrivePolicy": "RedrivePolicy",
    "subscriptionRoleArn": "SubscriptionRoleArn",
}
_DOCUMENTS: Final = ("deliveryPolicy", "filterPolicy", "policy", "redrivePolicy")
_ARN: Final = {"ResourceArn": "{id}"}


def _attributes(names: dict[str, str]) -> tuple[Field, ...]:
    """Attributes are texts in a map, of which documents are compared by content."""
    return tuple(
        document(name, aws=f"Attributes.{member}", read=member)
        if name in _DOCUMENTS
        else Field(name, aws=f"Attributes.{member}", read=member)
        for name, member in names.items()
    )


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str("" if value is None else value)


def _set_topic(resource: Resource) -> None:
    for name, member in _TOPIC.items():
        if resource.changed(name):
            value = _text(resource.inputs.get(name))
            resource.call("set_topic_attributes", TopicArn=resource.id, AttributeName=member, AttributeValue=value)


def _set_subscription(resource: Resource) -> None:
    for name, member in _SUBSCRIPTION.items():
        if resource.changed(name):
            resource.call(
                "set_subscription_attributes",
                SubscriptionArn=resource.id,
                AttributeName=member,
                AttributeValue=_text(resource.inputs.get(name)),
            )


def _reset_policy(resource: Resource) -> None:
    """A topic always has a policy: AWS' own lets the account's principals use it."""
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [
            f"SNS:{name}"
            for name in (
                "AddPermission",
                "DeleteTopic",
                "GetTopicAttributes",
                "ListSubscriptionsByTopic",
                "Publish",
                "RemovePermission",
                "SetTopicAttributes",
                "Subscribe",
            )
        ],
        "Resource": resource.id,
        "Condition": {"StringEquals": {"AWS:SourceOwner": resource.value("account")}},
    }
    policy = json.dumps({"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]})
    resource.call("set_topic_attributes", TopicArn=resource.id, AttributeName="Policy", AttributeValue=policy)


ROWS = (
    Row(
        "aws:sns/topic:Topic",
        "sns",
        create=Call("create_topic"),
        id="{TopicArn}",
        parse=lambda arn: {"name": arn.rpartition(":")[2]},
        read=Call("get_topic_attributes", {"TopicArn": "{id}"}, at="Attributes"),
        updates=(Update(tuple(name for name in _TOPIC if name != "fifoTopic"), _set_topic),),
        delete=Call("delete_topic", {"TopicArn": "{id}"}),
        fields=(*_attributes(_TOPIC),),
        outputs={"arn": "{id}", "owner": "{Owner}"},
        tags=Tags(
            tag=Call("tag_resource", _ARN),
            untag=Call("untag_resource", _ARN),
            read=Call("list_tags_for_resource", _ARN, at="Tags"),
        ),
        required=("name",),
    ),
    Row(
        "aws:sns/topicPolicy:TopicPolicy",
        "sns",
        create=Call(
            "set_topic_attributes",
            {"TopicArn": "{arn}", "AttributeName": "Policy", "AttributeValue": "{policy}"},
        ),
        id="{arn}",
        read=Call("get_topic_attributes", {"TopicArn": "{id}"}, at="Attributes"),
        updates=(
            Update(
                ("policy",),
                Call(
                    "set_topic_attributes",
                    {"TopicArn": "{arn}", "AttributeName": "Policy", "AttributeValue": "{policy}"},
                ),
            ),
        ),
        delete=_reset_policy,
        fields=(document("policy"), Field("arn", read="TopicArn")),
        name="arn",
    ),
    Row(
        "aws:sns/topicSubscription:TopicSubscription",
        "sns",
        create=Call("subscribe", {"ReturnSubscriptionArn": True}),
        id="{SubscriptionArn}",
        read=Call("get_subscription_attributes", {"SubscriptionArn": "{id}"}, at="Attributes"),
        updates=(Update(tuple(_SUBSCRIPTION), _set_subscription),),
        delete=Call("unsubscribe", {"SubscriptionArn": "{id}"}),
        fields=(
            Field("topic", aws="TopicArn"),
            *_attributes(_SUBSCRIPTION),
            Field("endpointAutoConfirms", aws="", default=False),
            Field("confirmationTimeoutInMinutes", aws="", default=1),
        ),
        outputs={"arn": "{id}", "ownerId": "{Owner}"},
        options=("endpointAutoConfirms", "confirmationTimeoutInMinutes"),
        name="endpoint",
    ),
)
