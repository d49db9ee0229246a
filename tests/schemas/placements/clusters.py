"""Clusters, their nodes and their images: where they go among CloudFormation's types."""

from collections.abc import Mapping
from typing import Final

from tests.schemas.placement import ELSEWHERE, Part

# Resources of the program that are a part of another one's CloudFormation resource.
_GROUP: Final = {
    "MinSize": "1",
    "MaxSize": "1",
    "LaunchTemplate": {"LaunchTemplateId": ELSEWHERE, "Version": "1"},
    "AvailabilityZones": {"Fn::GetAZs": ""},
}

PLACEMENTS: Final[Mapping[str, tuple[Part, ...]]] = {
    "aws:autoscaling/attachment:Attachment": (
        Part(
            kind="AWS::AutoScaling::AutoScalingGroup",
            names={"lbTargetGroupArn": "TargetGroupARNs"},
            given=_GROUP,
            whole=False,
        ),
    ),
    "aws:autoscaling/tag:Tag": (
        Part(kind="AWS::AutoScaling::AutoScalingGroup", names={"tag": "Tags"}, given=_GROUP, whole=False),
    ),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": (
        Part(
            kind="AWS::ECR::Repository",
            names={"policy": "LifecyclePolicy.LifecyclePolicyText", "repository": "RepositoryName"},
            whole=False,
        ),
    ),
    "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration": (
        Part(kind="AWS::ECR::RegistryScanningConfiguration"),
    ),
    "aws:ecr/repository:Repository": (
        Part(kind="AWS::ECR::Repository", names={"name": "RepositoryName", "forceDelete": "EmptyOnDelete"}),
    ),
    "aws:eks/accessEntry:AccessEntry": (Part(kind="AWS::EKS::AccessEntry"),),
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": (
        Part(
            kind="AWS::EKS::AccessEntry",
            names={"policyArn": "AccessPolicies.PolicyArn", "accessScope": "AccessPolicies.AccessScope"},
            whole=False,
        ),
    ),
    "aws:eks/addon:Addon": (Part(kind="AWS::EKS::Addon", names={"resolveConflictsOnCreate": "ResolveConflicts"}),),
    "aws:eks/cluster:Cluster": (
        Part(
            kind="AWS::EKS::Cluster",
            names={
                "vpcConfig": "ResourcesVpcConfig",
                "enabledClusterLogTypes": "Logging.ClusterLogging.EnabledTypes",
            },
            encode={"enabledClusterLogTypes": lambda names: [{"type": name} for name in names]},
        ),
    ),
    "aws:eks/nodeGroup:NodeGroup": (
        Part(kind="AWS::EKS::Nodegroup", names={"nodeRoleArn": "NodeRole", "subnetIds": "Subnets"}),
    ),
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": (Part(kind="AWS::EKS::PodIdentityAssociation"),),
}
