"""One command prepares an account for an environment's first update, and may be run again."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError, NoCredentialsError
from patchbay_operations.refusal import explained

from tests.operations.bootstrap.prepared import (
    ADMIN,
    BUCKET,
    DOMAIN,
    PRODUCTION,
    prepared,
    role_keys,
    stack_file,
)
from tests.operations.bootstrap.rights import held
from tests.standins.aws.account import Account
from tests.standins.aws.launched import ACCOUNT, tags

ALIAS = "alias/patchbay-pulumi-state"
# AWS' own guides of each service, "Using service-linked roles".
SERVICES = {
    "autoscaling",
    "clientvpn",
    "clientvpn-connections",
    "config",
    "eks",
    "eks-nodegroup",
    "elasticache",
    "elasticloadbalancing",
    "inspector2",
    "opensearchservice",
    "rds",
    "spot",
}


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    """Empty."""
    with held(tmp_path) as account:
        yield account


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """For what makes nothing."""
    with held(tmp_path_factory.mktemp("emulator")) as account:
        yield account


@pytest.fixture
def admin(account: Account) -> tuple[str, str]:
    return role_keys(account, ADMIN)


def inhabitants(account: Account) -> list[Any]:
    """All that the command could make."""
    return [
        account.client("s3").list_buckets()["Buckets"],
        account.client("kms").list_keys()["Keys"],
        account.client("route53").list_hosted_zones()["HostedZones"],
        linked(account),
    ]


def linked(account: Account) -> set[str]:
    paths = [role["Path"] for role in account.client("iam").list_roles()["Roles"]]
    return {
        path.split("/")[2].removesuffix(".amazonaws.com") for path in paths if path.startswith("/aws-service-role/")
    }


def denied(call: str) -> Any:
    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not for you"}}, call)

    return refuse


def test_an_empty_account_is_prepared_and_found_so_the_second_time(
    account: Account, admin: tuple[str, str], tmp_path: Path
) -> None:
    file = stack_file(tmp_path)
    first = prepared(account, file, keys=admin)
    assert first.status == 0, first.told
    kms, s3, route53 = (account.client(service) for service in ("kms", "s3", "route53"))

    key = kms.describe_key(KeyId=ALIAS)["KeyMetadata"]["Arn"]
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]
    assert s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"
    (rule,) = s3.get_bucket_encryption(Bucket=BUCKET)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    assert set(s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"].values()) == {True}
    (statement,) = json.loads(s3.get_bucket_policy(Bucket=BUCKET)["Policy"])["Statement"]
    assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    (expiry,) = s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
    assert expiry["NoncurrentVersionExpiration"]["NoncurrentDays"] == 90
    (zone,) = route53.list_hosted_zones()["HostedZones"]
    assert zone["Name"] == f"{DOMAIN}."
    zone_id = zone["Id"].rpartition("/")[2]
    tagged = route53.list_tags_for_resource(ResourceType="hostedzone", ResourceId=zone_id)["ResourceTagSet"]["Tags"]
    assert tags(tagged)["patchbay:environment"] == "production"
    assert linked(account) == SERVICES

    servers = route53.get_hosted_zone(Id=zone_id)["DelegationSet"]["NameServers"]
    for told in (*servers, f"zoneId: {zone_id}", f"stateKeyArn: {key}", f"dig +short NS {DOMAIN}", "not read"):
        assert told in first.told
    assert f"pulumi login 's3://{BUCKET}?region=eu-central-1'" in first.told
    awskms = f"awskms://{key.rpartition('/')[2]}?region=eu-central-1"
    assert f"pulumi stack init production '--secrets-provider={awskms}'" in first.told

    before = inhabitants(account)
    for again in (
        file,
        stack_file(tmp_path, edge={"domain": DOMAIN, "zoneId": zone_id}, delivery={"stateKeyArn": key}),
    ):
        second = prepared(account, again, keys=admin)
        assert second.status == 0
        assert not second.lines("made"), second.told
    assert inhabitants(account) == before
    assert "Put into" not in second.told


def test_a_dry_run_tells_what_it_would_make_and_makes_nothing(untouched: Account, tmp_path: Path) -> None:
    before = inhabitants(untouched)
    done = prepared(untouched, stack_file(tmp_path), keys=role_keys(untouched, ADMIN), dry_run=True)
    assert done.status == 0
    assert len(done.lines("would make")) > len(SERVICES) + 3
    assert not done.lines("made")
    assert inhabitants(untouched) == before


def test_another_account_is_refused_with_the_field_before_anything_is_made(untouched: Account, tmp_path: Path) -> None:
    caller = {"Account": "999988887777", "Arn": "arn:aws:sts::999988887777:assumed-role/admin/session"}
    answered = {"sts.get_caller_identity": lambda: caller}
    done = prepared(untouched, stack_file(tmp_path), keys=("emulated", "emulated"), answered=answered)
    assert done.status == 2
    for told in ("patchbay:infra.aws.accountId", ACCOUNT, "999988887777"):
        assert told in done.told
    assert inhabitants(untouched) == [[], [], [], set()]


def test_a_shell_that_is_not_logged_in_is_told_to_log_in(untouched: Account, tmp_path: Path) -> None:
    def without_login() -> None:
        raise NoCredentialsError

    answered = {"sts.get_caller_identity": without_login}
    done = prepared(untouched, stack_file(tmp_path), keys=("emulated", "emulated"), answered=answered)
    assert done.status == 2
    assert "; ".join(explained(NoCredentialsError())) in done.told


def test_a_role_that_the_clusters_would_not_let_in_is_told_with_the_arn_to_add(
    untouched: Account, tmp_path: Path
) -> None:
    """IAM Identity Center's roles have a path, which the session's ARN leaves out."""
    path = "/aws-reserved/sso.amazonaws.com/"
    keys = role_keys(untouched, "AWSReservedSSO_Admin_0123456789abcdef", path)
    done = prepared(untouched, stack_file(tmp_path), keys=keys, dry_run=True)
    arn = f"arn:aws:iam::{ACCOUNT}:role{path}AWSReservedSSO_Admin_0123456789abcdef"
    advised = [line for line in done.lines("look") if f'add "{arn}"' in line]
    assert [line.split()[2] for line in advised] == [
        "patchbay:infra.clusters.shared.admins:",
        "patchbay:infra.clusters.dedicated.admins:",
    ]


def test_a_shell_that_leads_to_an_emulator_is_told_so(
    untouched: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", untouched.url)
    done = prepared(untouched, stack_file(tmp_path), keys=("emulated", "emulated"), dry_run=True)
    assert "AWS_ENDPOINT_URL leads to" in done.told


def test_a_user_is_told_to_log_in_with_a_role(untouched: Account, tmp_path: Path) -> None:
    done = prepared(untouched, stack_file(tmp_path), keys=("emulated", "emulated"), dry_run=True)
    assert "Log in with a role" in done.told


def test_a_missing_right_is_named_and_what_was_made_before_is_found_by_the_next_run(
    account: Account, admin: tuple[str, str], tmp_path: Path
) -> None:
    file, call = stack_file(tmp_path), "CreateHostedZone"
    stopped = prepared(account, file, keys=admin, answered={"route53.create_hosted_zone": denied(call)})
    assert stopped.status == 2
    assert f"route53: {call}: AccessDenied" in stopped.told
    assert account.client("route53").list_hosted_zones()["HostedZones"] == []
    done = prepared(account, file, keys=admin)
    assert done.status == 0
    assert len(account.client("kms").list_keys()["Keys"]) == 1


def test_the_parents_zone_in_the_account_tells_whether_it_delegates(
    account: Account, admin: tuple[str, str], tmp_path: Path
) -> None:
    route53, file = account.client("route53"), stack_file(tmp_path)
    parent = route53.create_hosted_zone(Name="platform.test", CallerReference="parent")["HostedZone"]["Id"]
    assert f"add an NS record of {DOMAIN}" in prepared(account, file, keys=admin).told
    (zone,) = (each for each in route53.list_hosted_zones()["HostedZones"] if each["Name"] == f"{DOMAIN}.")
    servers = route53.get_hosted_zone(Id=zone["Id"])["DelegationSet"]["NameServers"]
    records = [{"Value": server} for server in servers]
    record = {"Name": DOMAIN, "Type": "NS", "TTL": 300, "ResourceRecords": records}
    changes = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]}
    route53.change_resource_record_sets(HostedZoneId=parent, ChangeBatch=changes)
    assert "delegates to them" in prepared(account, file, keys=admin).told


def test_a_zone_of_the_stack_itself_is_never_advised_as_zone_id(
    account: Account, admin: tuple[str, str], tmp_path: Path
) -> None:
    """With `zoneId` the program has no zone of its own, and the next update deletes the one that it made."""
    route53 = account.client("route53")
    made = route53.create_hosted_zone(Name=DOMAIN, CallerReference="program")["HostedZone"]["Id"].rpartition("/")[2]
    own = [{"Key": "patchbay:managed-by", "Value": "pulumi"}]
    route53.change_tags_for_resource(ResourceType="hostedzone", ResourceId=made, AddTags=own)
    done = prepared(account, stack_file(tmp_path), keys=admin)
    assert "leave edge.zoneId out" in done.told
    assert "zoneId: Z" not in done.told


def test_several_zones_of_the_domain_are_refused_as_only_one_is_delegated_to(
    account: Account, admin: tuple[str, str], tmp_path: Path
) -> None:
    for reference in ("one", "two"):
        account.client("route53").create_hosted_zone(Name=DOMAIN, CallerReference=reference)
    done = prepared(account, stack_file(tmp_path), keys=admin)
    assert done.status == 2
    assert "patchbay:infra.edge.zoneId: there are several" in done.told


def test_a_key_that_is_away_is_never_replaced(untouched: Account, tmp_path: Path) -> None:
    arn = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/1c0ffee0-1234-4000-8000-000000000000"
    done = prepared(untouched, stack_file(tmp_path, delivery={"stateKeyArn": arn}), keys=role_keys(untouched, ADMIN))
    assert done.status == 2
    assert "patchbay:infra.delivery.stateKeyArn: there is no" in done.told
    assert untouched.client("kms").list_keys()["Keys"] == []


def test_what_a_bucket_has_of_others_stays(account: Account, admin: tuple[str, str], tmp_path: Path) -> None:
    s3 = account.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    others = {"Sid": "Others", "Effect": "Deny", "Principal": "*", "Action": "s3:DeleteBucket", "Resource": "*"}
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps({"Version": "2012-10-17", "Statement": [others]}))
    rule = {"ID": "others", "Status": "Enabled", "Filter": {"Prefix": "old/"}, "Expiration": {"Days": 3}}
    s3.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration={"Rules": [rule]})
    assert prepared(account, stack_file(tmp_path), keys=admin).status == 0
    stated = json.loads(s3.get_bucket_policy(Bucket=BUCKET)["Policy"])["Statement"]
    assert [statement["Sid"] for statement in stated] == ["Others", "TlsOnly"]
    rules = s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
    assert [each["ID"] for each in rules] == ["others", "patchbay-old-versions"]


def test_a_role_that_only_its_service_makes_is_told_and_stops_nothing(
    account: Account, admin: tuple[str, str], tmp_path: Path
) -> None:
    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "InvalidInput", "Message": "no such service"}}, "CreateServiceLinkedRole")

    file = stack_file(tmp_path)
    done = prepared(account, file, keys=admin, answered={"iam.create_service_linked_role": refuse})
    assert done.status == 0
    assert "inspector2.amazonaws.com: IAM makes no such role" in done.told


def test_a_login_makes_the_stack_once_in_the_new_state(
    account: Account, admin: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls, listed = tmp_path / "calls", tmp_path / "listed"
    listed.write_text("[]")
    program = tmp_path / "bin" / "pulumi"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\necho "$PULUMI_BACKEND_URL $*" >>{calls}\n'
        f'case "$*" in *"--json"*) cat {listed};; *init*) echo \'[{{"name":"production"}}]\' >{listed};; esac\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///elsewhere")
    file = stack_file(tmp_path)
    for _ in range(2):
        assert prepared(account, file, keys=admin, log_in=True).status == 0
    key = account.client("kms").describe_key(KeyId=ALIAS)["KeyMetadata"]["KeyId"]
    state = f"s3://{BUCKET}?region=eu-central-1"
    once = [f"{state} login {state}", f"{state} stack ls --json"]
    init = f"{state} stack init production --secrets-provider=awskms://{key}?region=eu-central-1"
    assert calls.read_text().splitlines() == [*once, init, *once]


def test_the_repositorys_examples_are_refused_by_their_fields(untouched: Account) -> None:
    done = prepared(untouched, PRODUCTION, keys=("emulated", "emulated"))
    assert done.status == 2
    for field in ("patchbay:infra.edge.domain", "patchbay:infra.delivery.stateBucket"):
        assert field in done.told


def test_without_a_stack_the_command_says_how_to_name_one(untouched: Account) -> None:
    done = prepared(untouched, Path("Pulumi..yaml"), keys=("emulated", "emulated"))
    assert (done.status, "STACK=NAME" in done.told) == (2, True)


def test_a_stack_on_an_emulator_needs_no_preparation(untouched: Account, tmp_path: Path) -> None:
    file = stack_file(tmp_path)
    document = yaml.safe_load(file.read_text())
    document["config"]["patchbay:infra"]["aws"]["endpoint"] = "http://127.0.0.1:1"
    file.write_text(yaml.safe_dump(document))
    done = prepared(untouched, file, keys=("emulated", "emulated"))
    assert (done.status, "aws.endpoint" in done.told) == (2, True)
