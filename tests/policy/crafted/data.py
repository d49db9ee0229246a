"""Passwords of databases, and tags.

RDS refuses to copy a database whose master password it manages itself: "Creating read replicas for source instance with
engine mysql where ManageMasterUserPassword is enabled is not supported" (terraform-aws-rds issues 512 and 532).
A write-only password needs a version: https://www.pulumi.com/registry/packages/aws/api-docs/rds/instance/
"""

from typing import Any, Final

from patchbay_policies import tokens

from tests.policy.crafted.row import Row

_LOGIN: Final = "stores-authenticate"
_TAGS: Final = "tags-required"
_TAGGED: Final = {
    "Name": "example",
    "patchbay:environment": "production",
    "patchbay:owner": "platform",
    "patchbay:cost-center": "example",
    "patchbay:managed-by": "pulumi",
}
_AS_LIST: Final = [{"key": key, "value": value, "propagateAtLaunch": True} for key, value in _TAGGED.items()]


def _database(name: str, **inputs: Any) -> Row:
    return Row(name, tokens.DATABASE, inputs, _LOGIN)


BYPASSES = (
    _database("a plain password", password="example"),
    _database("a plain password beside a managed one", manageMasterUserPassword=True, password="example"),
    _database(
        "a plain password beside a write-only one", password="example", passwordWo="example", passwordWoVersion=1.0
    ),
    _database("a plain password of a copy", replicateSourceDb="writer", password="example"),
    _database("a write-only password that is never changed", passwordWo="example"),
    _database("a version without a password", passwordWoVersion=1.0),
    Row(
        "a scaling group of another environment",
        tokens.SCALING_GROUP,
        {"tags": [{"key": "patchbay:environment", "value": "dev", "propagateAtLaunch": True}]},
        "tagged-as-this-environment",
    ),
)

HARMLESS = (
    _database("a managed password", manageMasterUserPassword=True),
    _database("a write-only password", passwordWo="example", passwordWoVersion=1.0),
    _database("a copy", replicateSourceDb="writer"),
    Row("a scaling group's list of tags", tokens.SCALING_GROUP, {"tags": _AS_LIST}, _TAGS),
    *(
        Row(f"{type_} cannot be tagged", type_, {}, _TAGS)
        for type_ in (
            "aws:ec2/eipAssociation:EipAssociation",
            "aws:s3/bucketAcl:BucketAcl",
            "aws:iam/rolePoliciesExclusive:RolePoliciesExclusive",
            "aws:lambda/permission:Permission",
            "aws:lb/listenerCertificate:ListenerCertificate",
            "aws:lb/targetGroupAttachment:TargetGroupAttachment",
            "aws:route53/zoneAssociation:ZoneAssociation",
            "aws:s3/bucketNotification:BucketNotification",
            "aws:secretsmanager/secretVersion:SecretVersion",
            "aws:sqs/queuePolicy:QueuePolicy",
        )
    ),
)
