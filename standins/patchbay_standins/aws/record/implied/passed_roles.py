"""iam:PassRole for the roles that a call hands to a service.

Source: IAM user guide, "Granting a user permissions to pass a role to an AWS service".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from patchbay_standins.aws.record import context, values
from patchbay_standins.aws.record.question import Question
from patchbay_standins.aws.service import Call


@dataclass(frozen=True)
class Passed:
    """The role at `path` of these calls' parameters goes to `service`. `looked_at`: the service reads it first."""

    operations: frozenset[str]
    path: str
    service: str
    source: str
    looked_at: bool = False


PASSED: Final = (
    Passed(frozenset({"eks:CreateCluster"}), "roleArn", "eks.amazonaws.com", "schema:AWS::EKS::Cluster", True),
    Passed(frozenset({"eks:CreateNodegroup"}), "nodeRole", "eks.amazonaws.com", "schema:AWS::EKS::Nodegroup", True),
    Passed(
        frozenset({"eks:CreatePodIdentityAssociation", "eks:UpdatePodIdentityAssociation"}),
        "roleArn",
        "pods.eks.amazonaws.com",
        "schema:AWS::EKS::PodIdentityAssociation",
        True,
    ),
    Passed(
        frozenset({"eks:CreateAddon", "eks:UpdateAddon"}),
        "podIdentityAssociations.roleArn",
        "pods.eks.amazonaws.com",
        "schema:AWS::EKS::Addon",
        True,
    ),
    Passed(
        frozenset({"rds:CreateDBInstance", "rds:CreateDBInstanceReadReplica", "rds:ModifyDBInstance"}),
        "MonitoringRoleArn",
        "monitoring.rds.amazonaws.com",
        "schema:AWS::RDS::DBInstance",
    ),
    Passed(
        frozenset({"ec2:CreateFlowLogs"}),
        "DeliverLogsPermissionArn",
        "vpc-flow-logs.amazonaws.com",
        "schema:AWS::EC2::FlowLog",
    ),
)


def questions(call: Call) -> Iterator[Question]:
    operation = f"{call.service}:{call.operation}"
    for row in PASSED:
        for role in values.at(call.parameters, row.path) if operation in row.operations else ():
            yield Question("iam:PassRole", role, {**context.here(call), "iam:PassedToService": row.service})
            if row.looked_at:
                yield Question("iam:GetRole", role, context.GLOBAL)
