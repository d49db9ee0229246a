"""Encryption at rest and in transit, and the hardening of nodes."""

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from patchbay_operations.checks.check import Check
from patchbay_operations.checks.facts import Facts


def _at_rest(facts: Facts) -> Iterator[str | None]:
    for instance in facts.databases:
        encrypted = instance["StorageEncrypted"] and instance.get("KmsKeyId")
        yield None if encrypted else f"database {instance['DBInstanceIdentifier']} is not encrypted by a key of ours"
    for group in facts.caches:
        encrypted = group["AtRestEncryptionEnabled"] and group.get("KmsKeyId")
        yield None if encrypted else f"cache {group['ReplicationGroupId']} is not encrypted by a key of ours"
    for domain in _domains(facts):
        encrypted = (domain.get("EncryptionAtRestOptions") or {}).get("Enabled")
        yield None if encrypted else f"search domain {domain['DomainName']} is not encrypted"
    for cluster in facts.clusters:
        covered = any("secrets" in config["resources"] for config in cluster.get("encryptionConfig") or [])
        yield None if covered else f"cluster {cluster['name']} keeps Secrets without envelope encryption"
    for template in facts.launch_templates:
        disks = template["LaunchTemplateData"].get("BlockDeviceMappings") or []
        encrypted = disks and all(disk["Ebs"].get("Encrypted") and disk["Ebs"].get("KmsKeyId") for disk in disks)
        yield None if encrypted else f"nodes of {template['LaunchTemplateName']} have disks that are not encrypted"
    for group in facts.log_groups:
        yield None if group.get("kmsKeyId") else f"log group {group['logGroupName']} is not encrypted by a key of ours"
    for repository in facts.owned("ecr", "describe_repositories", "repositories", "repositoryName"):
        encrypted = repository["encryptionConfiguration"]["encryptionType"] == "KMS"
        yield None if encrypted else f"images {repository['repositoryName']} are not encrypted by a key of ours"
    for secret in facts.owned("secretsmanager", "list_secrets", "SecretList", "Name"):
        yield None if secret.get("KmsKeyId") else f"secret {secret['Name']} is not encrypted by a key of ours"
    sns = facts.access.client("sns")
    for topic in facts.owned("sns", "list_topics", "Topics", "TopicArn"):
        attributes = sns.get_topic_attributes(TopicArn=topic["TopicArn"])["Attributes"]
        yield None if attributes.get("KmsMasterKeyId") else f"topic {topic['TopicArn']} is not encrypted"


def _in_transit(facts: Facts) -> Iterator[str | None]:
    rds = facts.access.client("rds")
    for instance in facts.databases:
        name = instance["DBInstanceIdentifier"]
        group = instance["DBParameterGroups"][0]["DBParameterGroupName"]
        forced = any(
            parameter.get("ParameterName") == "require_secure_transport"
            and str(parameter.get("ParameterValue")).lower() in {"1", "on"}
            for page in rds.get_paginator("describe_db_parameters").paginate(DBParameterGroupName=group)
            for parameter in page["Parameters"]
        )
        yield None if forced else f"database {name} takes connections without TLS"
    for group in facts.caches:
        required = group["TransitEncryptionEnabled"] and group.get("TransitEncryptionMode", "required") == "required"
        yield None if required else f"cache {group['ReplicationGroupId']} takes connections without TLS"
        yield None if group.get("UserGroupIds") else f"cache {group['ReplicationGroupId']} asks nobody who they are"
    for domain in _domains(facts):
        enforced = (
            domain["DomainEndpointOptions"].get("EnforceHTTPS") and domain["NodeToNodeEncryptionOptions"]["Enabled"]
        )
        yield None if enforced else f"search domain {domain['DomainName']} is reachable without TLS"
    for balancer in facts.owned("elbv2", "describe_load_balancers", "LoadBalancers", "LoadBalancerName"):
        for listener in facts.pages(
            "elbv2", "describe_listeners", "Listeners", LoadBalancerArn=balancer["LoadBalancerArn"]
        ):
            yield _plain_listener(balancer, listener)


def _plain_listener(balancer: dict[str, Any], listener: dict[str, Any]) -> str | None:
    where = f"{balancer['LoadBalancerName']}:{listener['Port']}"
    if listener["Protocol"] == "HTTPS":
        modern = "TLS13" in listener.get("SslPolicy", "")
        return None if modern else f"{where} allows protocols before TLS 1.2"
    redirects = all(action["Type"] == "redirect" for action in listener["DefaultActions"])
    return None if redirects else f"{where} answers without TLS"


def _buckets(facts: Facts) -> Iterator[str | None]:
    s3 = facts.access.client("s3")
    for bucket in facts.owned("s3", "list_buckets", "Buckets", "Name"):
        name = bucket["Name"]
        try:
            blocked = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
            policy = s3.get_bucket_policy(Bucket=name)["Policy"]
            s3.get_bucket_encryption(Bucket=name)
        except ClientError as error:
            yield f"bucket {name}: {error.response['Error']['Code']}"
            continue
        yield None if all(blocked.values()) else f"bucket {name} can be made public"
        yield None if "aws:SecureTransport" in policy else f"bucket {name} can be read without TLS"


def _instance_metadata(facts: Facts) -> Iterator[str | None]:
    for template in facts.launch_templates:
        options = template["LaunchTemplateData"].get("MetadataOptions") or {}
        safe = options.get("HttpTokens") == "required" and options.get("HttpPutResponseHopLimit") == 1
        yield None if safe else f"pods on {template['LaunchTemplateName']} can take the node's rights"
    for group in facts.node_groups:
        if not group.get("launchTemplate"):
            yield f"{group['nodegroupName']} has no launch template, and EKS's own lets pods take the node's rights"


def _retention(facts: Facts) -> Iterator[str | None]:
    for group in facts.log_groups:
        yield None if group.get("retentionInDays") else f"log group {group['logGroupName']} keeps everything for ever"


def _domains(facts: Facts) -> list[dict[str, Any]]:
    client = facts.access.client("opensearch")
    names = [
        entry["DomainName"] for entry in facts.owned("opensearch", "list_domain_names", "DomainNames", "DomainName")
    ]
    return [client.describe_domain(DomainName=name)["DomainStatus"] for name in names]


CHECKS = (
    Check("encryption at rest", "Is everything that is stored encrypted, by keys of ours?", _at_rest),
    Check("encryption in transit", "Does every service refuse connections without TLS?", _in_transit),
    Check("buckets", "Are all buckets private, encrypted and closed to plain HTTP?", _buckets),
    Check("instance metadata", "Is a node's own role out of its pods' reach (IMDSv2, one hop)?", _instance_metadata),
    Check("retention", "Do all logs expire?", _retention),
)
