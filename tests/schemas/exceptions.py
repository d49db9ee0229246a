"""What CloudFormation's schemas cannot judge of the program's inputs, and what cfn-lint says that the provider denies.

One row each, with its source. A row that nothing needs fails the tests. "Provider" is Terraform's AWS provider, which
Pulumi's is made of; its files are those of github.com/hashicorp/terraform-provider-aws.
"""

import re
from dataclasses import dataclass
from typing import Final

_TAGS: Final = "CloudFormation has no tags for it; EC2 and IAM have (policies/ demands them)"
_HOW_TO_DELETE: Final = "tells the provider how to delete; CloudFormation has a deletion policy beside the properties"


@dataclass(frozen=True, slots=True)
class Unheld:
    """An input that no schema has a place for. `property`: its dotted path; `*` for all of a type without a schema."""

    type: str
    property: str
    why: str
    source: str

    def covers(self, kind: str, path: str) -> bool:
        return kind == self.type and self.property in ("*", path)


@dataclass(frozen=True, slots=True)
class Accepted:
    """What cfn-lint says of a property although AWS takes it from the provider.

    `message` is a pattern of the whole message, so that nothing else about the property is excused.
    """

    type: str
    pointer: str
    rule: str
    message: str
    why: str
    source: str

    def covers(self, kind: str, pointer: str, rule: str, message: str) -> bool:
        return (kind, pointer, rule) == (self.type, self.pointer, self.rule) and bool(
            re.fullmatch(self.message, message, re.DOTALL)
        )


UNHELD: Final = (
    Unheld(
        "aws:acm/certificateValidation:CertificateValidation",
        "*",
        "nothing in AWS: the provider waits until the certificate is issued",
        "provider, website/docs/r/acm_certificate_validation.html.markdown",
    ),
    Unheld(
        "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl",
        "*",
        "comes with a VPC; CloudFormation has no type that adopts it",
        "provider, website/docs/r/default_network_acl.html.markdown",
    ),
    Unheld(
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        "*",
        "comes with a VPC; CloudFormation has no type that adopts it",
        "provider, website/docs/r/default_security_group.html.markdown",
    ),
    Unheld(
        "aws:ec2/launchTemplate:LaunchTemplate",
        "updateDefaultVersion",
        "a second call of the provider, ModifyLaunchTemplate",
        "provider, website/docs/r/launch_template.html.markdown",
    ),
    Unheld(
        "aws:backup/vault:Vault", "forceDestroy", _HOW_TO_DELETE, "provider, website/docs/r/backup_vault.html.markdown"
    ),
    Unheld(
        "aws:cfg/recorderStatus:RecorderStatus",
        "*",
        "starts and stops the recorder; CloudFormation starts it by itself",
        "provider, website/docs/r/config_configuration_recorder_status.html.markdown",
    ),
    Unheld(
        "aws:eks/addon:Addon",
        "resolveConflictsOnUpdate",
        "CloudFormation has one ResolveConflicts for both; that of the creation is held to it",
        "docs.aws.amazon.com, AWS::EKS::Addon; provider, website/docs/r/eks_addon.html.markdown",
    ),
    Unheld(
        "aws:guardduty/detectorFeature:DetectorFeature",
        "detectorId",
        "whose feature it is; CloudFormation has features as a part of their detector",
        "provider, website/docs/r/guardduty_detector_feature.html.markdown",
    ),
    Unheld("aws:iam/policy:Policy", "tags", _TAGS, "docs.aws.amazon.com, IAM API CreatePolicy"),
    Unheld(
        "aws:rds/instance:Instance",
        "finalSnapshotIdentifier",
        _HOW_TO_DELETE,
        "docs.aws.amazon.com, RDS API DeleteDBInstance",
    ),
    Unheld(
        "aws:rds/instance:Instance",
        "skipFinalSnapshot",
        _HOW_TO_DELETE,
        "docs.aws.amazon.com, RDS API DeleteDBInstance",
    ),
    Unheld(
        "aws:rds/instance:Instance",
        "passwordWoVersion",
        "the provider's own number, which never reaches AWS",
        "provider, website/docs/r/db_instance.html.markdown, password_wo_version",
    ),
    Unheld("aws:s3/bucket:Bucket", "forceDestroy", _HOW_TO_DELETE, "provider, website/docs/r/s3_bucket.html.markdown"),
    Unheld(
        "aws:secretsmanager/secret:Secret",
        "recoveryWindowInDays",
        _HOW_TO_DELETE,
        "docs.aws.amazon.com, Secrets Manager API DeleteSecret",
    ),
    Unheld(
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        "tags",
        _TAGS,
        "docs.aws.amazon.com, EC2 API AuthorizeSecurityGroupEgress",
    ),
    Unheld(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        "tags",
        _TAGS,
        "docs.aws.amazon.com, EC2 API AuthorizeSecurityGroupIngress",
    ),
)

ACCEPTED: Final = (
    Accepted(
        "aws:rds/instance:Instance",
        "EngineVersion",
        "E3691",
        # A version of the list must begin with the prefix.
        r"'(\d+\.\d+)' is not one of .*'\1\.\d+'.*",
        "with automatic minor upgrades RDS takes a prefix, and chooses the minor version",
        "provider, website/docs/r/db_instance.html.markdown, engine_version",
    ),
    Accepted(
        "aws:rds/instance:Instance",
        "StorageEncrypted",
        "E3020",
        r"'StorageEncrypted' should not be included with 'SourceDBInstanceIdentifier'",
        "a read copy is as its source; the provider does not send it for one, and would replace the copy without it, "
        "as false is its default and a change replaces",
        "provider, internal/service/rds/instance.go, CreateDBInstanceReadReplicaInput and storage_encrypted",
    ),
)

# Rules about how templates are written.
STYLE: Final = {
    "W3010": "a template should serve other regions too; an environment's stack names its zones",
}
