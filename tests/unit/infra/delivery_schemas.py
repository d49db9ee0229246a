"""CloudFormation's schemas of what deployments make, and the Service Authorization Reference, as cfn-lint has them."""

import functools
import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final

# Pulumi's types by CloudFormation's. What a type of ours sets on another's resource is part of that one there.
TYPES: Final[Mapping[str, tuple[str, ...]]] = {
    "AWS::AutoScaling::AutoScalingGroup": ("autoscaling/attachment", "autoscaling/tag"),
    "AWS::Budgets::Budget": ("budgets/budget",),
    "AWS::CE::AnomalyMonitor": ("costexplorer/anomalyMonitor",),
    "AWS::CE::AnomalySubscription": ("costexplorer/anomalySubscription",),
    "AWS::CertificateManager::Certificate": ("acm/certificate", "acm/certificateValidation"),
    "AWS::CloudWatch::Alarm": ("cloudwatch/metricAlarm",),
    "AWS::EC2::ClientVpnAuthorizationRule": ("ec2clientvpn/authorizationRule",),
    "AWS::EC2::ClientVpnEndpoint": ("ec2clientvpn/endpoint",),
    "AWS::EC2::ClientVpnTargetNetworkAssociation": ("ec2clientvpn/networkAssociation",),
    "AWS::EC2::EIP": ("ec2/eip",),
    "AWS::EC2::FlowLog": ("ec2/flowLog",),
    "AWS::EC2::InternetGateway": ("ec2/internetGateway",),
    "AWS::EC2::LaunchTemplate": ("ec2/launchTemplate",),
    "AWS::EC2::NatGateway": ("ec2/natGateway",),
    "AWS::EC2::NetworkAcl": ("ec2/networkAcl", "ec2/defaultNetworkAcl"),
    "AWS::EC2::NetworkAclEntry": ("ec2/networkAclRule",),
    "AWS::EC2::Route": ("ec2/route",),
    "AWS::EC2::RouteTable": ("ec2/routeTable",),
    "AWS::EC2::SecurityGroup": ("ec2/securityGroup", "ec2/defaultSecurityGroup"),
    "AWS::EC2::SecurityGroupEgress": ("vpc/securityGroupEgressRule",),
    "AWS::EC2::SecurityGroupIngress": ("vpc/securityGroupIngressRule",),
    "AWS::EC2::Subnet": ("ec2/subnet",),
    "AWS::EC2::SubnetNetworkAclAssociation": ("ec2/networkAclAssociation",),
    "AWS::EC2::SubnetRouteTableAssociation": ("ec2/routeTableAssociation",),
    "AWS::EC2::VPC": ("ec2/vpc",),
    "AWS::EC2::VPCCidrBlock": ("ec2/vpcIpv4CidrBlockAssociation",),
    "AWS::EC2::VPCEndpoint": ("ec2/vpcEndpoint",),
    "AWS::EC2::VPCGatewayAttachment": ("ec2/internetGateway",),
    "AWS::ECR::RegistryScanningConfiguration": ("ecr/registryScanningConfiguration",),
    "AWS::ECR::Repository": ("ecr/repository", "ecr/lifecyclePolicy"),
    "AWS::EKS::AccessEntry": ("eks/accessEntry", "eks/accessPolicyAssociation"),
    "AWS::EKS::Addon": ("eks/addon",),
    "AWS::EKS::Cluster": ("eks/cluster",),
    "AWS::EKS::Nodegroup": ("eks/nodeGroup",),
    "AWS::EKS::PodIdentityAssociation": ("eks/podIdentityAssociation",),
    "AWS::ElastiCache::ParameterGroup": ("elasticache/parameterGroup",),
    "AWS::ElastiCache::ReplicationGroup": ("elasticache/replicationGroup",),
    "AWS::ElastiCache::SubnetGroup": ("elasticache/subnetGroup",),
    "AWS::ElastiCache::User": ("elasticache/user",),
    "AWS::ElastiCache::UserGroup": ("elasticache/userGroup",),
    "AWS::ElasticLoadBalancingV2::Listener": ("lb/listener",),
    "AWS::ElasticLoadBalancingV2::ListenerRule": ("lb/listenerRule",),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": ("lb/loadBalancer",),
    "AWS::ElasticLoadBalancingV2::TargetGroup": ("lb/targetGroup",),
    "AWS::IAM::Role": ("iam/role", "iam/rolePolicy", "iam/rolePolicyAttachment"),
    "AWS::KMS::Alias": ("kms/alias",),
    "AWS::KMS::Key": ("kms/key",),
    "AWS::Logs::LogGroup": ("cloudwatch/logGroup",),
    "AWS::Logs::ResourcePolicy": ("cloudwatch/logResourcePolicy",),
    "AWS::OpenSearchService::Domain": ("opensearch/domain",),
    "AWS::RDS::DBInstance": ("rds/instance", "rds/instanceAutomatedBackupsReplication"),
    "AWS::RDS::DBParameterGroup": ("rds/parameterGroup",),
    "AWS::RDS::DBSubnetGroup": ("rds/subnetGroup",),
    "AWS::Route53::RecordSet": ("route53/record",),
    "AWS::S3::Bucket": (
        "s3/bucket",
        "s3/bucketLifecycleConfiguration",
        "s3/bucketLogging",
        "s3/bucketOwnershipControls",
        "s3/bucketPublicAccessBlock",
        "s3/bucketServerSideEncryptionConfiguration",
        "s3/bucketVersioning",
    ),
    "AWS::S3::BucketPolicy": ("s3/bucketPolicy",),
    "AWS::SecretsManager::ResourcePolicy": ("secretsmanager/secretPolicy",),
    "AWS::SecretsManager::Secret": ("secretsmanager/secret",),
    "AWS::SNS::Subscription": ("sns/topicSubscription",),
    "AWS::SNS::Topic": ("sns/topic",),
    "AWS::SNS::TopicPolicy": ("sns/topicPolicy",),
    "AWS::WAFv2::IPSet": ("wafv2/ipSet",),
    "AWS::WAFv2::LoggingConfiguration": ("wafv2/webAclLoggingConfiguration",),
    "AWS::WAFv2::WebACL": ("wafv2/webAcl",),
    "AWS::WAFv2::WebACLAssociation": ("wafv2/webAclAssociation",),
}
# What an administrator deploys.
ADMINISTRATORS: Final = {
    "backup/plan",
    "backup/selection",
    "backup/vault",
    "backup/vaultLockConfiguration",
    "cfg/deliveryChannel",
    "cfg/recorder",
    "cfg/recorderStatus",
    "cloudtrail/trail",
    "cloudwatch/eventRule",
    "cloudwatch/eventTarget",
    "guardduty/detector",
    "guardduty/detectorFeature",
    "iam/openIdConnectProvider",
    "iam/policy",
    "route53/zone",
    "s3/bucketObjectLockConfiguration",
    "securityhub/account",
    "securityhub/standardsSubscription",
}


@functools.cache
def schemas() -> Mapping[str, Mapping[str, Any]]:
    """CloudFormation's, by type."""
    folder = files("cfnlint") / "data" / "schemas" / "resources"
    found = (json.loads(file.read_text()) for file in folder.iterdir() if file.name.endswith(".json"))
    return {schema["typeName"]: schema for schema in found}


@functools.cache
def reference() -> Mapping[str, Any]:
    """The Service Authorization Reference, by service."""
    file = files("cfnlint") / "data" / "AdditionalSpecs" / "Policies.json"
    found: Mapping[str, Any] = json.loads(file.read_text())
    return found


def permissions(kind: str) -> list[str]:
    """What making, changing and deleting one takes; a few old types have no handlers to list it."""
    handlers = schemas()[kind].get("handlers", {})
    return sorted(
        {action for part in ("create", "update", "delete") for action in handlers.get(part, {}).get("permissions", ())}
    )
