"""An emulator is a daemon: started once, found again, stopped, and clear about why it does not start."""

import dataclasses
import http.client
import os
import socket
import subprocess
import sys

import psutil
import pytest
from patchbay_local.deploy.emulator import Emulator, client_environment
from patchbay_local.machine import addresses
from patchbay_local.machine.journal import Journal
from patchbay_local.machine.programs import HostError

from tests.standins.aws.account import Account, refused


def test_it_is_started_once_and_stopped(emulator: Emulator, journal: Journal) -> None:
    emulator.up(journal)
    pid = emulator.status(journal).pid
    assert pid is not None
    emulator.up(journal)
    assert emulator.status(journal).pid == pid
    emulator.down(journal)
    assert emulator.status(journal).pid is None
    emulator.down(journal)


def test_it_listens_on_loopback_alone(emulator: Emulator, journal: Journal) -> None:
    emulator.up(journal)
    connections = psutil.Process(emulator.status(journal).pid).net_connections("inet")
    listening = [connection.laddr for connection in connections if connection.status == psutil.CONN_LISTEN]
    assert [(address.ip, address.port) for address in listening] == [("127.0.0.1", emulator.port)]


def test_any_client_finds_the_account_by_the_environment_alone(shared_emulator: Emulator) -> None:
    program = "import boto3; print(boto3.client('sts').get_caller_identity()['Account'])"
    environment = {"PATH": os.environ["PATH"], **client_environment(shared_emulator, "eu-central-1")}
    shown = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == shared_emulator.account


def test_a_taken_port_is_told(emulator: Emulator, journal: Journal) -> None:
    with (
        socket.create_server(("127.0.0.1", emulator.port)),
        pytest.raises(HostError, match=r"did not start: (?s:.*)in use"),
    ):
        emulator.up(journal)


def test_two_emulators_do_not_share_a_state(emulator: Emulator, journal: Journal) -> None:
    emulator.up(journal)
    other = dataclasses.replace(emulator, name="other", port=emulator.port + 1)
    with pytest.raises(HostError, match="another emulator keeps its state"):
        other.up(journal)


def test_every_stack_has_a_port_of_its_own() -> None:
    emulators = [Emulator.of_stack(stack, "111122223333") for stack in addresses.EMULATOR_PORTS]
    assert len({emulator.port for emulator in emulators}) == len(emulators)
    assert len({emulator.directory for emulator in emulators}) == len(emulators)
    with pytest.raises(ValueError, match="unheard-of has no port"):
        Emulator.of_stack("unheard-of", "111122223333")


def test_managed_policies_and_tagging_are_there(account: Account) -> None:
    policy = account.client("iam").get_policy(PolicyArn="arn:aws:iam::aws:policy/AmazonEKSClusterPolicy")["Policy"]
    assert policy["PolicyName"] == "AmazonEKSClusterPolicy"
    ec2 = account.client("ec2")
    vpc = account.network().vpc
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": "found", "Value": vpc}])
    found = account.client("resourcegroupstaggingapi").get_resources(TagFilters=[{"Key": "found", "Values": [vpc]}])
    assert [item["ResourceARN"].rsplit("/", 1)[-1] for item in found["ResourceTagMappingList"]] == [vpc]


def test_what_nobody_serves_is_told_and_is_not_mistaken_for_an_answer_of_aws(account: Account) -> None:
    with pytest.raises(Exception, match="NotEmulated"):
        account.client("ec2").describe_verified_access_groups()
    with pytest.raises(Exception, match="NotEmulated"):
        account.client("eks").list_insights(clusterName="none")


def test_connections_are_kept_open(shared_emulator: Emulator) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", shared_emulator.port, timeout=10)
    connection.connect()
    local = connection.sock.getsockname()
    for _ in range(3):
        connection.request("GET", "/")
        connection.getresponse().read()
        assert connection.sock is not None
        assert connection.sock.getsockname() == local
    connection.close()


def test_what_does_not_exist_is_told_as_aws_tells_it(account: Account) -> None:
    with refused("NoSuchBucket", 404):
        account.client("s3").put_bucket_versioning(Bucket="none-such", VersioningConfiguration={"Status": "Enabled"})
    with refused("NoSuchHostedZone", 404):
        account.client("route53").get_hosted_zone(Id="Z0000")
