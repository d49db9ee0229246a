"""What a second update, drift, a destruction and a replacement do to a whole environment."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from patchbay_local.deploy.stack.stack import WITHOUT_CHECKPOINTS
from patchbay_local.machine.programs import CommandError
from patchbay_operations.access import Access
from patchbay_operations.checks.run import run
from patchbay_operations.inventory.read import inventory

from tests.emulated.deployment import Deployment, empty_account

of_dev = pytest.mark.parametrize("scratch", ["dev"], indirect=True)
of_production = pytest.mark.parametrize("scratch", ["production"], indirect=True)


def quiet(*_: object) -> None:
    """Nobody looks at the progress."""


@pytest.mark.parametrize("deployment", ["staging", "production"], indirect=True)  # dev: see test_command.py
def test_a_second_update_changes_nothing(deployment: Deployment) -> None:
    before = inventory(deployment.emulation.access)
    assert deployment.emulation.stack.up(quiet, checkpoints=False) == "no changes"
    assert inventory(deployment.emulation.access) == before


@dataclass(frozen=True)
class Drift:
    """What somebody does by hand, and as what a preview shows it: type, name and field. `seen` reads it back."""

    shown: tuple[str, str, str]
    make: Callable[[Access], None]
    seen: Callable[[Access], Any]


def _database(access: Access) -> dict[str, Any]:
    instances = access.client("rds").describe_db_instances(DBInstanceIdentifier="patchbay-dev-databases-write")
    return dict(instances["DBInstances"][0])


def _database_owner(access: Access) -> str:
    return next(str(tag["Value"]) for tag in _database(access)["TagList"] if tag["Key"] == "patchbay:owner")


def _tag_database(access: Access) -> None:
    """A tag that selects no backups: those of a database a deployment may not change."""
    owner = [{"Key": "patchbay:owner", "Value": "somebody-else"}]
    access.client("rds").add_tags_to_resource(ResourceName=_database(access)["DBInstanceArn"], Tags=owner)


def _database_rule(access: Access) -> dict[str, Any]:
    ec2 = access.client("ec2")
    named = [{"Name": "tag:Name", "Values": ["patchbay-dev-databases"]}]
    (group,) = ec2.describe_security_groups(Filters=named)["SecurityGroups"]
    of_group = [{"Name": "group-id", "Values": [group["GroupId"]]}]
    rules = ec2.describe_security_group_rules(Filters=of_group)["SecurityGroupRules"]
    (rule,) = [rule for rule in rules if not rule["IsEgress"]]
    return dict(rule)


def _widen_rule(access: Access) -> None:
    rule = _database_rule(access)
    wider = {
        "IpProtocol": "tcp",
        "FromPort": 0,
        "ToPort": 65535,
        "ReferencedGroupId": rule["ReferencedGroupInfo"]["GroupId"],
    }
    access.client("ec2").modify_security_group_rules(
        GroupId=rule["GroupId"],
        SecurityGroupRules=[{"SecurityGroupRuleId": rule["SecurityGroupRuleId"], "SecurityGroupRule": wider}],
    )


def _payloads(access: Access) -> str:
    return next(
        str(bucket["Name"]) for bucket in access.client("s3").list_buckets()["Buckets"] if "payloads" in bucket["Name"]
    )


def _open_bucket(access: Access) -> None:
    names = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    access.client("s3").put_public_access_block(
        Bucket=_payloads(access), PublicAccessBlockConfiguration=dict.fromkeys(names, False)
    )


def _closed(access: Access) -> bool:
    block = access.client("s3").get_public_access_block(Bucket=_payloads(access))["PublicAccessBlockConfiguration"]
    return all(block.values())


ALARM = "patchbay-dev-database-write-cpu"


def _alarm(access: Access) -> dict[str, Any]:
    (alarm,) = access.client("cloudwatch").describe_alarms(AlarmNames=[ALARM])["MetricAlarms"]
    return dict(alarm)


def _raise_alarm(access: Access) -> None:
    alarm = _alarm(access)
    kept = (
        "AlarmName",
        "AlarmDescription",
        "ComparisonOperator",
        "EvaluationPeriods",
        "DatapointsToAlarm",
        "MetricName",
        "Namespace",
        "Period",
        "Statistic",
        "Dimensions",
        "TreatMissingData",
        "AlarmActions",
        "OKActions",
        "InsufficientDataActions",
        "ActionsEnabled",
        "Metrics",
    )
    access.client("cloudwatch").put_metric_alarm(
        **{key: alarm[key] for key in kept if alarm.get(key) not in (None, [])}, Threshold=99.9
    )


def _delete_lifecycle(access: Access) -> None:
    access.client("s3").delete_bucket_lifecycle(Bucket=_payloads(access))


def _expires(access: Access) -> list[str]:
    s3 = access.client("s3")
    try:
        return [rule["ID"] for rule in s3.get_bucket_lifecycle_configuration(Bucket=_payloads(access))["Rules"]]
    except s3.exceptions.ClientError:
        return []


DRIFTS = {
    "a tag": Drift(("aws:rds/instance:Instance", "databases-write", "patchbay:owner"), _tag_database, _database_owner),
    "a security group's rule": Drift(
        ("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "databases-from-shared", "toPort"),
        _widen_rule,
        lambda access: _database_rule(access)["ToPort"],
    ),
    "a bucket's setting": Drift(
        ("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "objects-payloads", "blockPublicAcls"),
        _open_bucket,
        _closed,
    ),
    "an alarm's threshold": Drift(
        ("aws:cloudwatch/metricAlarm:MetricAlarm", "watching-database-write-cpu", "threshold"),
        _raise_alarm,
        lambda access: _alarm(access)["Threshold"],
    ),
    "a resource that is gone": Drift(
        ("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "objects-payloads", "rules"),
        _delete_lifecycle,
        _expires,
    ),
}


def steps(shown: str) -> list[str]:
    """The parts of a difference that are about one resource each."""
    return re.split(r"\n\s*(?=[-+~]+ ?aws:)", shown)


@of_dev
def test_drift_is_shown_and_the_next_update_repairs_it(scratch: Deployment) -> None:
    """Everything at once, as each update reads the whole environment."""
    access, stack = scratch.emulation.access, scratch.emulation.stack
    before = {title: drift.seen(access) for title, drift in DRIFTS.items()}
    for drift in DRIFTS.values():
        drift.make(access)
    assert not [title for title, drift in DRIFTS.items() if drift.seen(access) == before[title]]

    stack.command("refresh", "--yes", "--skip-preview")
    shown = stack.preview("--diff")
    for title, drift in DRIFTS.items():
        type_, name, field = drift.shown
        assert any(type_ in step and f"::{name}]" in step and field in step for step in steps(shown)), (title, shown)
    counted = {step: int(number) for number, step in re.findall(r"(\d+) to (\w+)", shown)}
    assert counted == {"create": 1, "update": len(DRIFTS) - 1}, shown

    stack.up(quiet, checkpoints=False)
    assert {title: drift.seen(access) for title, drift in DRIFTS.items()} == before
    stack.preview("--expect-no-changes")
    assert not [result.name for result in run(scratch.new_facts()) if not result.passed]


@pytest.mark.parametrize("scratch", ["dev", "staging"], indirect=True)
def test_destroying_leaves_nothing(scratch: Deployment, tmp_path: Path) -> None:
    stack = scratch.emulation.stack
    if scratch.emulation.config.stack == "staging":
        _take_off_protection(scratch)
    with empty_account(tmp_path / "empty", scratch.emulation.config) as empty:
        nothing = inventory(empty.emulation.access)
    stack.destroy(checkpoints=False)
    assert inventory(scratch.emulation.access) == nothing
    state = json.loads(stack.command("stack", "export", keep=True))
    assert not state["deployment"].get("resources")


def _take_off_protection(deployment: Deployment) -> None:
    """Databases may go only after an update without deletion protection, which the policies refuse; buckets with what
    is in them, only after one that says so.
    """
    file = deployment.emulation.config_file
    content = yaml.safe_load(file.read_text())
    content["config"]["patchbay:infra"]["databases"] |= {"deletionProtection": False, "finalSnapshot": None}
    content["config"]["patchbay:infra"]["objects"]["forceDestroy"] = True  # the emulator writes access logs
    file.write_text(yaml.safe_dump(content))
    deployment.emulation.stack.command("up", "--yes", "--skip-preview", settings=WITHOUT_CHECKPOINTS)


def refused(deployment: Deployment, *words: str) -> str:
    """What the CLI says when it refuses."""
    lines: list[str] = []
    with pytest.raises(CommandError):
        deployment.emulation.stack.command(*words, on_line=lines.append, keep=True)
    return "\n".join(lines)


@of_production
def test_production_cannot_be_destroyed(scratch: Deployment) -> None:
    before = inventory(scratch.emulation.access)
    said = refused(scratch, "destroy", "--yes")
    assert "because it is protected" in said
    named = set(re.findall(r"^  aws:\S+ \((\S+)\):$", said, re.MULTILINE))
    # Of the databases the read copy: without it nobody comes to the write copy.
    assert {"databases-read", "objects-payloads", "objects-logs", "network-nat-eu-central-1a"} <= named, said
    assert inventory(scratch.emulation.access) == before


@of_production
def test_an_update_that_would_replace_a_database_is_refused(scratch: Deployment) -> None:
    """RDS cannot rename a master user: another one means another database."""
    file = scratch.emulation.config_file
    content = yaml.safe_load(file.read_text())
    content["config"]["patchbay:infra"]["databases"]["masterUser"] = "another"
    file.write_text(yaml.safe_dump(content))
    before = inventory(scratch.emulation.access), identities(scratch)
    for command in (("preview",), ("up", "--yes", "--skip-preview")):
        said = refused(scratch, *command)
        assert re.search(r"unable to replace resource \S+::databases-write\"", said), said
        assert "currently marked for protection" in said
    assert (inventory(scratch.emulation.access), identities(scratch)) == before


def identities(deployment: Deployment) -> list[tuple[Any, ...]]:
    """Of databases: another one of the same name has other ones."""
    keys = ("DBInstanceIdentifier", "DbiResourceId", "InstanceCreateTime", "MasterUsername")
    return [tuple(database[key] for key in keys) for database in deployment.new_facts().databases]
