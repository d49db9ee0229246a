"""What an emulated account holds outlives its process: after a stop, after a kill, never for another one's state."""

import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from patchbay_local.deploy.emulator import Emulator
from patchbay_local.machine.journal import Journal
from patchbay_local.machine.processes import ProcessId
from patchbay_local.machine.programs import HostError
from patchbay_standins.aws import snapshot

from tests.standins.aws.account import Account
from tests.standins.aws.conftest import ACCOUNT_ID

LAST_CHANGE = "made-as-the-last"


def _fill(account: Account) -> dict[str, Any]:
    """Resources of many services that refer to each other; what `_look` shall find again."""
    network = account.network()
    ec2, iam, kms = account.client("ec2"), account.client("iam"), account.client("kms")
    group = ec2.create_security_group(GroupName="data", Description="data", VpcId=network.vpc)["GroupId"]
    cluster = account.cluster(network, tags={"owner": "platform"})
    role = account.role()
    iam.attach_role_policy(
        RoleName=role.rsplit("/", 1)[-1], PolicyArn="arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy"
    )
    account.client("eks").create_nodegroup(
        clusterName=cluster,
        nodegroupName="flows",
        subnets=list(network.subnets),
        nodeRole=role,
        scalingConfig={"minSize": 1, "maxSize": 6, "desiredSize": 3},
    )
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    account.client("s3").create_bucket(
        Bucket="payloads-example", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    account.client("s3").put_object(Bucket="payloads-example", Key="a/b", Body=b"payload")
    rds = account.client("rds")
    rds.create_db_subnet_group(
        DBSubnetGroupName="data", DBSubnetGroupDescription="data", SubnetIds=list(network.subnets)
    )
    rds.create_db_instance(
        DBInstanceIdentifier="writer",
        DBInstanceClass="db.m7g.large",
        Engine="mariadb",
        EngineVersion="11.4.5",
        AllocatedStorage=20,
        MasterUsername="example",
        MasterUserPassword="example-password",
        DBSubnetGroupName="data",
        VpcSecurityGroupIds=[group],
    )
    account.client("acm").request_certificate(DomainName="*.example.com", ValidationMethod="DNS")
    account.client("ecr").create_repository(repositoryName="runtime")
    account.client("secretsmanager").create_secret(Name="tenants/a", SecretString="example")
    account.client("logs").create_log_group(logGroupName="/flows")
    account.client("route53").create_hosted_zone(Name="example.com", CallerReference="1")
    account.client("ssm").put_parameter(Name="/x", Value="y", Type="String")
    account.client("sns").create_topic(Name=LAST_CHANGE)
    return {"cluster": cluster, "role": role.rsplit("/", 1)[-1], "key": key, "network": network}


def _look(account: Account, made: dict[str, Any]) -> dict[str, Any]:
    """What clients see, without what differs from answer to answer."""
    ec2, iam, eks = account.client("ec2"), account.client("iam"), account.client("eks")
    of_the_vpc = [{"Name": "vpc-id", "Values": [made["network"].vpc]}]
    asked: dict[str, Any] = {
        "subnets": ec2.describe_subnets(Filters=of_the_vpc)["Subnets"],
        "groups": ec2.describe_security_groups(Filters=of_the_vpc)["SecurityGroups"],
        "instances": ec2.describe_instances(Filters=of_the_vpc)["Reservations"],
        "policies": iam.list_attached_role_policies(RoleName=made["role"])["AttachedPolicies"],
        "cluster": eks.describe_cluster(name=made["cluster"])["cluster"],
        "node group": eks.describe_nodegroup(clusterName=made["cluster"], nodegroupName="flows")["nodegroup"],
        "scaling": account.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"],
        "key": account.client("kms").describe_key(KeyId=made["key"])["KeyMetadata"],
        "payload": account.client("s3").get_object(Bucket="payloads-example", Key="a/b")["Body"].read().decode(),
        "database": account.client("rds").describe_db_instances()["DBInstances"],
        "certificates": account.client("acm").list_certificates()["CertificateSummaryList"],
        "repositories": account.client("ecr").describe_repositories()["repositories"],
        "secret": account.client("secretsmanager").get_secret_value(SecretId="tenants/a")["SecretString"],
        "log groups": account.client("logs").describe_log_groups()["logGroups"],
        "zones": account.client("route53").list_hosted_zones()["HostedZones"],
        "topics": account.client("sns").list_topics()["Topics"],
        "parameter": account.client("ssm").get_parameter(Name="/x")["Parameter"],
    }
    for database in asked["database"]:
        del database["LatestRestorableTime"]  # a time that goes on
    return {name: json.loads(json.dumps(value, default=str)) for name, value in asked.items()}


def _process(emulator: Emulator, journal: Journal) -> ProcessId:
    pid = emulator.status(journal).pid
    assert pid is not None
    process = ProcessId.of(pid)
    assert process is not None
    return process


def _end(process: ProcessId, number: signal.Signals) -> None:
    process.send(number)
    deadline = time.monotonic() + 20
    while process.is_alive():
        assert time.monotonic() < deadline, f"the emulator ran on after {number.name}"
        time.sleep(0.02)


def _wait_until_saved(path: Path, name: str) -> None:
    """Wait until the state tells of a resource of this name."""
    deadline = time.monotonic() + 60
    while not (path.exists() and name.encode() in path.read_bytes()):
        assert time.monotonic() < deadline, "the last change was not saved"
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_all_resources_are_there_again_after_the_process_ended_and_can_be_changed(
    emulator: Emulator, journal: Journal, number: signal.Signals
) -> None:
    emulator.up(journal)
    account = Account(emulator.url)
    made = _fill(account)
    before = _look(account, made)
    if number == signal.SIGKILL:
        # A kill loses the last moments.
        _wait_until_saved(emulator.directory / "state", LAST_CHANGE)
    _end(_process(emulator, journal), number)
    emulator.up(journal)
    account = Account(emulator.url)
    assert _look(account, made) == before
    # What refers to each other still does: the node group finds its Auto Scaling group, and that its subnets.
    account.client("eks").update_nodegroup_config(
        clusterName=made["cluster"], nodegroupName="flows", scalingConfig={"desiredSize": 5}
    )
    of_the_vpc = [{"Name": "vpc-id", "Values": [made["network"].vpc]}]
    reservations = account.client("ec2").describe_instances(Filters=of_the_vpc)["Reservations"]
    assert len([instance for item in reservations for instance in item["Instances"]]) == 5


def test_reading_alone_saves_nothing(emulator: Emulator, journal: Journal) -> None:
    emulator.up(journal)
    account = Account(emulator.url)
    account.client("ec2").describe_vpcs()
    account.client("iam").list_roles()
    _end(_process(emulator, journal), signal.SIGTERM)
    assert not (emulator.directory / "state").exists()


def test_a_state_of_another_moto_is_refused_and_left_alone_with_the_remedy(
    emulator: Emulator, journal: Journal
) -> None:
    emulator.directory.mkdir()
    state = emulator.directory / "state"
    foreign = _header("moto", "4.0.0")
    state.write_bytes(foreign)
    with pytest.raises(HostError, match=rf"is of moto 4\.0\.0.* or delete {emulator.directory} for an empty account"):
        emulator.up(journal)
    assert state.read_bytes() == foreign


@pytest.mark.parametrize(("member", "other"), [("python", "3.9"), ("account", "444455556666"), ("format", 0)])
def test_a_foreign_state_is_refused(tmp_path: Path, member: str, other: str | int) -> None:
    state = tmp_path / "state"
    state.write_bytes(_header(member, other))
    with pytest.raises(snapshot.SnapshotError, match=f"is of {member} {other}"):
        snapshot.restore(state, ACCOUNT_ID)


def _header(member: str, value: str | int) -> bytes:
    """A state's first line, as this emulator would write it but for one member."""
    line = snapshot.take(ACCOUNT_ID).partition(b"\n")[0]
    return json.dumps(json.loads(line) | {member: value}).encode() + b"\n"


def test_a_damaged_state_is_refused_with_the_remedy(emulator: Emulator, journal: Journal) -> None:
    emulator.up(journal)
    Account(emulator.url).client("sns").create_topic(Name="oncall")
    emulator.down(journal)
    state = emulator.directory / "state"
    state.write_bytes(state.read_bytes()[:-100])
    with pytest.raises(HostError, match="cannot be read"):
        emulator.up(journal)


def test_a_state_that_others_can_write_is_refused_as_it_could_run_programs(
    emulator: Emulator, journal: Journal
) -> None:
    emulator.up(journal)
    Account(emulator.url).client("sns").create_topic(Name="oncall")
    emulator.down(journal)
    assert (emulator.directory / "state").stat().st_mode & 0o077 == 0
    (emulator.directory / "state").chmod(0o666)
    with pytest.raises(HostError, match="can be written by other users"):
        emulator.up(journal)


def test_a_forgotten_account_is_empty(emulator: Emulator, journal: Journal) -> None:
    emulator.up(journal)
    Account(emulator.url).client("sns").create_topic(Name="oncall")
    emulator.forget(journal)
    emulator.up(journal)
    assert Account(emulator.url).client("sns").list_topics()["Topics"] == []
