"""The use of keys that a call hands to a service, which tries them in the caller's name."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from patchbay_standins.aws.record import context, tags, values
from patchbay_standins.aws.record.question import Question
from patchbay_standins.aws.service import Call

_RDS: Final = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.Keys.html"
_OPENSEARCH: Final = "https://docs.aws.amazon.com/opensearch-service/latest/developerguide/encryption-at-rest.html"


@dataclass(frozen=True)
class Handed:
    """The key at `path` of these calls' parameters. `through`: the service as `kms:ViaService` has it."""

    operations: frozenset[str]
    path: str
    through: str
    source: str


HANDED: Final = (
    Handed(frozenset({"eks:CreateCluster"}), "encryptionConfig.provider.keyArn", "eks", "schema:AWS::EKS::Cluster"),
    Handed(frozenset({"ecr:CreateRepository"}), "encryptionConfiguration.kmsKey", "ecr", "schema:AWS::ECR::Repository"),
    Handed(
        frozenset({"elasticache:CreateReplicationGroup"}),
        "KmsKeyId",
        "elasticache",
        "schema:AWS::ElastiCache::ReplicationGroup",
    ),
    Handed(frozenset({"opensearch:CreateDomain"}), "EncryptionAtRestOptions.KmsKeyId", "es", _OPENSEARCH),
    Handed(frozenset({"rds:CreateDBInstance", "rds:CreateDBInstanceReadReplica"}), "KmsKeyId", "rds", _RDS),
    Handed(
        frozenset({"rds:CreateDBInstance", "rds:CreateDBInstanceReadReplica", "rds:ModifyDBInstance"}),
        "PerformanceInsightsKMSKeyId",
        "rds",
        _RDS,
    ),
    Handed(frozenset({"rds:StartDBInstanceAutomatedBackupsReplication"}), "KmsKeyId", "rds", _RDS),
)


def questions(call: Call) -> Iterator[Question]:
    operation = f"{call.service}:{call.operation}"
    for row in HANDED:
        for key in values.at(call.parameters, row.path) if operation in row.operations else ():
            borne = {f"aws:ResourceTag/{name}": value for name, value in tags.of(key, call.account).items()}
            through = {"kms:ViaService": f"{row.through}.{call.region}.amazonaws.com"}
            asked = {**context.here(call), **borne, **through}
            yield Question("kms:DescribeKey", key, asked)
            yield Question("kms:CreateGrant", key, {**asked, "kms:GrantIsForAWSResource": "true"})
