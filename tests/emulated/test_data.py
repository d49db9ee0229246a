"""Zones, copies and encryption of what keeps data, as boto3 finds them in each stack's account."""

from typing import Any

import pytest
from patchbay_operations.checks.facts import Facts

from tests.emulated.deployment import Deployment


@pytest.fixture
def databases(facts: Facts) -> dict[str, dict[str, Any]]:
    """The write copy and the read copy."""
    found = {"read" if "ReadReplicaSourceDBInstanceIdentifier" in one else "write": one for one in facts.databases}
    assert len(facts.databases) == len(found) == 2
    return found


@pytest.fixture
def own_keys(facts: Facts) -> set[str]:
    """ARNs of the keys that the environment's aliases name."""
    kms = facts.access.client("kms")
    prefix = f"alias/patchbay-{facts.environment}-"
    aliases = [alias for alias in kms.list_aliases()["Aliases"] if alias["AliasName"].startswith(prefix)]
    keys = {alias["AliasName"]: kms.describe_key(KeyId=alias["TargetKeyId"])["KeyMetadata"] for alias in aliases}
    assert all(key["KeyState"] == "Enabled" for key in keys.values())
    return {key["Arn"] for key in keys.values()}


def test_each_copy_of_the_database_stands_in_a_zone_of_its_own(databases: dict[str, dict[str, Any]]) -> None:
    write, read = databases["write"], databases["read"]
    assert read["ReadReplicaSourceDBInstanceIdentifier"].endswith(write["DBInstanceIdentifier"])
    zones = [write["AvailabilityZone"], read["AvailabilityZone"]]
    if write["MultiAZ"]:
        zones.append(write["SecondaryAvailabilityZone"])
    assert len(set(zones)) == len(zones)
    assert all(zone.startswith("eu-central-1") for zone in zones)


def test_the_write_copy_has_a_standby_but_in_dev(databases: dict[str, dict[str, Any]], deployment: Deployment) -> None:
    assert databases["write"]["MultiAZ"] is (deployment.emulation.config.stack != "dev")


def test_databases_are_encrypted_closed_and_watched(
    databases: dict[str, dict[str, Any]], own_keys: set[str], facts: Facts
) -> None:
    for database in databases.values():
        assert database["Engine"] == "mariadb"
        assert database["StorageEncrypted"]
        assert database["KmsKeyId"] in own_keys
        assert database["PubliclyAccessible"] is False
        assert database["MonitoringInterval"] > 0
        assert database["DeletionProtection"] is (facts.environment != "dev")
        assert database["IAMDatabaseAuthenticationEnabled"]
        # RDS would make no read copy of an instance whose password Secrets Manager keeps.
        assert "MasterUserSecret" not in database
    days = {"dev": 7, "staging": 14, "production": 30}[facts.environment]
    assert databases["write"]["BackupRetentionPeriod"] == days


def test_production_s_backups_are_copied_to_another_region(facts: Facts, deployment: Deployment) -> None:
    rds = facts.access.client("rds", region="eu-west-1")
    copies = rds.describe_db_instance_automated_backups()["DBInstanceAutomatedBackups"]
    sources = [copy["DBInstanceIdentifier"] for copy in copies]
    wanted = ["patchbay-production-databases-write"] if deployment.emulation.config.stack == "production" else []
    assert sources == wanted


def test_caches_are_encrypted_entered_by_iam_and_never_drop_a_process(facts: Facts, own_keys: set[str]) -> None:
    elasticache = facts.access.client("elasticache")
    assert len(facts.caches) == len(facts.clusters)
    for cache in facts.caches:
        assert cache["AtRestEncryptionEnabled"]
        assert cache["KmsKeyId"] in own_keys
        assert cache["TransitEncryptionEnabled"]
        assert cache["TransitEncryptionMode"] == "required"
        assert cache["ClusterEnabled"] is False
        (group,) = elasticache.describe_user_groups(UserGroupId=cache["UserGroupIds"][0])["UserGroups"]
        users = [elasticache.describe_users(UserId=user)["Users"][0] for user in group["UserIds"]]
        assert [user["Authentication"]["Type"] for user in users] == ["iam"]
        member = elasticache.describe_cache_clusters(CacheClusterId=cache["MemberClusters"][0])["CacheClusters"][0]
        parameters = elasticache.describe_cache_parameters(
            CacheParameterGroupName=member["CacheParameterGroup"]["CacheParameterGroupName"]
        )["Parameters"]
        assert {"maxmemory-policy": "noeviction"}.items() <= {
            parameter["ParameterName"]: parameter.get("ParameterValue") for parameter in parameters
        }.items()


def test_the_search_is_encrypted_and_asks_who_one_is(facts: Facts, own_keys: set[str]) -> None:
    domain = facts.access.client("opensearch").describe_domain(DomainName=f"patchbay-{facts.environment}-search")[
        "DomainStatus"
    ]
    assert domain["EncryptionAtRestOptions"]["Enabled"]
    assert domain["EncryptionAtRestOptions"]["KmsKeyId"] in own_keys
    assert domain["NodeToNodeEncryptionOptions"]["Enabled"]
    assert domain["DomainEndpointOptions"]["EnforceHTTPS"]
    assert domain["AdvancedSecurityOptions"]["Enabled"]
    assert not domain["AdvancedSecurityOptions"].get("InternalUserDatabaseEnabled")
    zones = 1 if facts.environment == "dev" else 3
    assert len(domain["VPCOptions"]["SubnetIds"]) == zones


def test_payloads_are_encrypted_versioned_closed_and_expire(facts: Facts, own_keys: set[str]) -> None:
    s3 = facts.access.client("s3")
    (bucket,) = [
        bucket["Name"]
        for bucket in s3.list_buckets()["Buckets"]
        if bucket["Name"].startswith(f"patchbay-{facts.environment}-objects-payloads")
    ]
    (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"] in own_keys
    assert all(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values())
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    days = {rule["Expiration"]["Days"] for rule in rules if "Days" in rule.get("Expiration", {})}
    assert days == {7 if facts.environment == "dev" else 30}


def test_keys_rotate(facts: Facts, own_keys: set[str]) -> None:
    kms = facts.access.client("kms")
    # One more where the environment makes what records its account.
    assert len(own_keys) == (5 if facts.environment == "production" else 4)
    assert all(kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] for key in own_keys)


def test_clusters_disks_logs_and_secrets_are_encrypted_by_keys_of_the_environment(
    facts: Facts, own_keys: set[str]
) -> None:
    for cluster in facts.clusters:
        (config,) = cluster["encryptionConfig"]
        assert config["resources"] == ["secrets"]
        assert config["provider"]["keyArn"] in own_keys
    disks = [disk["Ebs"] for one in facts.launch_templates for disk in one["LaunchTemplateData"]["BlockDeviceMappings"]]
    assert len(disks) >= len(facts.node_groups)
    assert all(disk["Encrypted"] and disk["KmsKeyId"] in own_keys and disk["VolumeType"] == "gp3" for disk in disks)
    assert {group["kmsKeyId"] for group in facts.log_groups} <= own_keys
    secrets = facts.owned("secretsmanager", "list_secrets", "SecretList", "Name")
    assert {secret["KmsKeyId"] for secret in secrets} <= own_keys
