"""Zones, copies, and what protects them."""

from collections.abc import Iterator

from patchbay_operations.checks.check import Check
from patchbay_operations.checks.facts import Facts


def _copies_in_different_zones(facts: Facts) -> Iterator[str | None]:
    zone = {instance["DBInstanceIdentifier"]: instance.get("AvailabilityZone") for instance in facts.databases}
    for instance in facts.databases:
        source = instance.get("ReadReplicaSourceDBInstanceIdentifier")
        if source:
            copy = instance["DBInstanceIdentifier"]
            same = zone[copy] is None or zone[copy] == zone.get(source)
            yield f"{copy} and {source} are both in {zone[copy]}" if same else None


def _multi_az(facts: Facts) -> Iterator[str | None]:
    for instance in facts.databases:
        name = instance["DBInstanceIdentifier"]
        if not instance.get("ReadReplicaSourceDBInstanceIdentifier"):
            wrong = facts.production and not instance["MultiAZ"]
            yield f"{name} has no standby in another zone" if wrong else None
    for group in facts.caches:
        zones = {
            member.get("PreferredAvailabilityZone")
            for part in group["NodeGroups"]
            for member in part["NodeGroupMembers"]
        }
        alone = group["AutomaticFailover"] != "enabled" or group.get("MultiAZ") != "enabled" or len(zones) < 2
        yield f"{group['ReplicationGroupId']} has no standby in another zone" if facts.production and alone else None


def _deletion_protection(facts: Facts) -> Iterator[str | None]:
    for instance in facts.databases:
        wrong = facts.production and not instance["DeletionProtection"]
        yield f"{instance['DBInstanceIdentifier']} can be deleted" if wrong else None
    for cluster in facts.clusters:
        wrong = facts.production and not cluster.get("deletionProtection")
        yield f"{cluster['name']} can be deleted" if wrong else None


def _backups(facts: Facts) -> Iterator[str | None]:
    least = 14 if facts.production else 1
    for instance in facts.databases:
        if not instance.get("ReadReplicaSourceDBInstanceIdentifier"):
            days = instance["BackupRetentionPeriod"]
            yield f"{instance['DBInstanceIdentifier']} keeps backups for {days} days" if days < least else None


def _parameters_in_force(facts: Facts) -> Iterator[str | None]:
    """Another group, as a move to another version brings, waits for a reboot that somebody asks for."""
    for instance in facts.databases:
        for group in instance["DBParameterGroups"]:
            status = group["ParameterApplyStatus"]
            waits = f"{instance['DBInstanceIdentifier']} has not taken {group['DBParameterGroupName']}: {status}"
            yield f"{waits}; reboot it" if status == "pending-reboot" else None


def _nodes_in_every_zone(facts: Facts) -> Iterator[str | None]:
    private = {subnet.zone for subnet in facts.vpc.subnets.values() if subnet.tier == "private"}
    for cluster in facts.clusters:
        covered = {
            facts.vpc.subnets[subnet].zone
            for group in facts.node_groups
            if group["clusterName"] == cluster["name"]
            for subnet in group["subnets"]
        }
        missing = ", ".join(sorted(private - covered))
        yield f"{cluster['name']} has no node group in {missing}" if missing else None


def _discovery_tags(facts: Facts) -> Iterator[str | None]:
    groups = {
        group["AutoScalingGroupName"]: {tag["Key"]: tag["Value"] for tag in group["Tags"]}
        for group in facts.pages("autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups")
    }
    for node_group in facts.node_groups:
        cluster = node_group["clusterName"]
        for behind in node_group["resources"]["autoScalingGroups"]:
            tags = groups.get(behind["name"], {})
            wanted = {"k8s.io/cluster-autoscaler/enabled", f"k8s.io/cluster-autoscaler/{cluster}"}
            missing = ", ".join(sorted(wanted - tags.keys()))
            yield f"{behind['name']} lacks {missing}: the cluster autoscaler will not see it" if missing else None


CHECKS = (
    Check("copies apart", "Are the databases' write and read copies in different zones?", _copies_in_different_zones),
    Check("standby", "In production, has every store a standby in another zone?", _multi_az),
    Check("deletion protection", "In production, are databases and clusters safe from deletion?", _deletion_protection),
    Check("backups", "Are databases backed up long enough for a point-in-time recovery?", _backups),
    Check("parameters", "Are the databases' parameters in force, or do they wait for a reboot?", _parameters_in_force),
    Check("zones", "Has every cluster nodes in every zone?", _nodes_in_every_zone),
    Check("node discovery", "Does the cluster autoscaler find every node group by its tags?", _discovery_tags),
)
