"""Databases, caches, search, buckets and secrets: where they go among CloudFormation's types."""

from collections.abc import Mapping
from typing import Final

from tests.schemas.placement import Part, by, pairs


def _bucket(names: Mapping[str, str]) -> Part:
    return Part(kind="AWS::S3::Bucket", names={"bucket": "BucketName", **names}, whole=False)


PLACEMENTS: Final[Mapping[str, tuple[Part, ...]]] = {
    "aws:elasticache/parameterGroup:ParameterGroup": (
        Part(
            kind="AWS::ElastiCache::ParameterGroup",
            names={
                "name": "CacheParameterGroupName",
                "family": "CacheParameterGroupFamily",
                "parameters": "Properties",
            },
            encode={"parameters": pairs("name", "value")},
        ),
    ),
    "aws:elasticache/replicationGroup:ReplicationGroup": (
        Part(
            kind="AWS::ElastiCache::ReplicationGroup",
            names={
                "description": "ReplicationGroupDescription",
                "nodeType": "CacheNodeType",
                "parameterGroupName": "CacheParameterGroupName",
                "subnetGroupName": "CacheSubnetGroupName",
                "maintenanceWindow": "PreferredMaintenanceWindow",
                "logDeliveryConfigurations.destination": "DestinationDetails.CloudWatchLogsDetails.LogGroup",
            },
        ),
    ),
    "aws:elasticache/subnetGroup:SubnetGroup": (
        Part(kind="AWS::ElastiCache::SubnetGroup", names={"name": "CacheSubnetGroupName"}),
    ),
    "aws:elasticache/user:User": (Part(kind="AWS::ElastiCache::User"),),
    "aws:elasticache/userGroup:UserGroup": (Part(kind="AWS::ElastiCache::UserGroup"),),
    "aws:opensearch/domain:Domain": (
        Part(
            kind="AWS::OpenSearchService::Domain",
            names={
                "encryptAtRest": "EncryptionAtRestOptions",
                "nodeToNodeEncryption": "NodeToNodeEncryptionOptions",
                "logPublishingOptions.cloudwatchLogGroupArn": "CloudWatchLogsLogGroupArn",
            },
            encode={"logPublishingOptions": by("logType")},
        ),
    ),
    "aws:rds/instance:Instance": (
        Part(
            kind="AWS::RDS::DBInstance",
            names={
                "caCertIdentifier": "CACertificateIdentifier",
                "identifier": "DBInstanceIdentifier",
                "instanceClass": "DBInstanceClass",
                "backupWindow": "PreferredBackupWindow",
                "maintenanceWindow": "PreferredMaintenanceWindow",
                "username": "MasterUsername",
                "parameterGroupName": "DBParameterGroupName",
                "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
                "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
                "performanceInsightsEnabled": "EnablePerformanceInsights",
                "passwordWo": "MasterUserPassword",
                "replicateSourceDb": "SourceDBInstanceIdentifier",
                "vpcSecurityGroupIds": "VPCSecurityGroups",
            },
        ),
    ),
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": (
        Part(
            kind="AWS::RDS::DBInstance",
            names={
                "kmsKeyId": "AutomaticBackupReplicationKmsKeyId",
                "region": "AutomaticBackupReplicationRegion",
                "retentionPeriod": "AutomaticBackupReplicationRetentionPeriod",
                "sourceDbInstanceArn": "DBInstanceIdentifier",
            },
            whole=False,
        ),
    ),
    "aws:rds/parameterGroup:ParameterGroup": (
        Part(
            kind="AWS::RDS::DBParameterGroup",
            names={"name": "DBParameterGroupName"},
            encode={"parameters": pairs("name", "value")},
        ),
    ),
    "aws:rds/subnetGroup:SubnetGroup": (
        Part(
            kind="AWS::RDS::DBSubnetGroup",
            names={"name": "DBSubnetGroupName", "description": "DBSubnetGroupDescription"},
        ),
    ),
    "aws:s3/bucket:Bucket": (Part(kind="AWS::S3::Bucket", names={"bucket": "BucketName"}),),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": (
        _bucket(
            names={
                "rules": "LifecycleConfiguration.Rules",
                "rules.filter": ".",
                "rules.filter.prefix": "Prefix",
                "rules.expiration": ".",
                "rules.expiration.days": "ExpirationInDays",
            },
        ),
    ),
    "aws:s3/bucketLogging:BucketLogging": (
        _bucket(
            names={
                "targetBucket": "LoggingConfiguration.DestinationBucketName",
                "targetPrefix": "LoggingConfiguration.LogFilePrefix",
            }
        ),
    ),
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": (
        _bucket(
            names={
                "rule": "ObjectLockConfiguration.Rule",
                "objectLockEnabled": "ObjectLockConfiguration.ObjectLockEnabled",
            }
        ),
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": (_bucket(names={"rule": "OwnershipControls.Rules"}),),
    "aws:s3/bucketPolicy:BucketPolicy": (Part(kind="AWS::S3::BucketPolicy", names={"policy": "PolicyDocument"}),),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": (
        _bucket(
            names={
                name: f"PublicAccessBlockConfiguration.{name[0].upper()}{name[1:]}"
                for name in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
            }
        ),
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        _bucket(
            names={
                "rules": "BucketEncryption.ServerSideEncryptionConfiguration",
                "rules.applyServerSideEncryptionByDefault": "ServerSideEncryptionByDefault",
                "rules.applyServerSideEncryptionByDefault.kmsMasterKeyId": "KMSMasterKeyID",
                "rules.applyServerSideEncryptionByDefault.sseAlgorithm": "SSEAlgorithm",
            }
        ),
    ),
    "aws:s3/bucketVersioning:BucketVersioning": (_bucket({}),),
    "aws:secretsmanager/secret:Secret": (Part(kind="AWS::SecretsManager::Secret"),),
    "aws:secretsmanager/secretPolicy:SecretPolicy": (
        Part(kind="AWS::SecretsManager::ResourcePolicy", names={"secretArn": "SecretId", "policy": "ResourcePolicy"}),
    ),
}
