"""What is lacking is told before anything is made, all at once, each with its remedy."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from patchbay_operations.smoke.options import Limits, Options
from patchbay_operations.smoke.preflight.account import elsewhere
from patchbay_operations.smoke.preflight.lack import Lacks

from tests.operations.smoke.prepared import BUCKET, EMPTY, calls, dev, program, ready, smoked
from tests.standins.aws.account import Account
from tests.standins.aws.launched import ACCOUNT

LONG_AGO, LONG_HENCE = "2020-01-01T00:00:00+00:00", "2999-01-01T00:00:00+00:00"


@pytest.fixture(scope="module")
def key(account: Account) -> str:
    return ready(account)


@pytest.fixture(autouse=True)
def _pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    for name in ("AWS_ENDPOINT_URL", "PULUMI_BACKEND_URL"):
        monkeypatch.delenv(name, raising=False)


def options(file: Path, **given: object) -> Options:
    told = {"budget_usd": 50.0, "aws_only": True, "report": file.parent / "report", **given}
    return Options(stack_file=file, **told)  # type: ignore[arg-type]  # the test's own words


def refused(account: Account, options: Options, stub: Path, **given: str) -> list[str]:
    done = smoked(account, options, stub, **given)
    assert done.status == 2, done.told
    assert not [call for call in calls(stub.parent) if call.split()[0] in {"up", "destroy", "cancel", "refresh"}]
    return [line.removeprefix("- ") for line in done.told.splitlines() if line.startswith("- ")]


def test_everything_that_is_lacking_is_told_at_once(account: Account, tmp_path: Path) -> None:
    file = dev(
        tmp_path,
        zone=None,
        changes={
            "environment": {"production": True},
            "databases": {"deletionProtection": True, "finalSnapshot": "final"},
            "objects": {"forceDestroy": False},
        },
    )
    stub = program(tmp_path, EMPTY)
    lacks = refused(account, options(file, budget_usd=1.0, limits=Limits(whole=60)), stub, role="example-somebody")
    told = [lack.split(": ")[0] for lack in lacks]
    assert told == [
        "--deadline",
        "patchbay:infra.environment.production",
        "patchbay:infra.databases.deletionProtection",
        "patchbay:infra.databases.finalSnapshot",
        "patchbay:infra.objects.forceDestroy",
        "patchbay:infra.edge.zoneId",
        "patchbay:infra.clusters.shared.admins",
    ]
    assert all("; " in lack for lack in lacks), "each has a remedy"


def test_more_than_the_budget_is_refused_with_what_it_may_cost(account: Account, key: str, tmp_path: Path) -> None:
    lacks = refused(account, options(dev(tmp_path, key=key), budget_usd=2.0), program(tmp_path, EMPTY))
    assert len(lacks) == 1
    assert lacks[0].startswith("--budget: 2 USD are too few: the run may cost up to ")


def test_another_account_is_refused(account: Account, tmp_path: Path) -> None:
    file = dev(tmp_path, changes={"aws": {"accountId": "999999999999"}})
    (lack,) = refused(account, options(file), program(tmp_path, EMPTY))
    assert lack.startswith(f"patchbay:infra.aws.accountId: is 999999999999, and you are logged in to {ACCOUNT}; log in")


def test_a_role_that_the_run_would_delete_is_refused(account: Account, tmp_path: Path) -> None:
    role = "patchbay-dev-delivery-apply"
    (lack,) = refused(account, options(dev(tmp_path)), program(tmp_path, EMPTY), role=role)
    account.client("iam").delete_role(RoleName=role)
    assert "would be deleted under way" in lack


def test_images_that_are_destroyed_with_the_environment_are_refused(account: Account, key: str, tmp_path: Path) -> None:
    file, stub = dev(tmp_path, key=key), program(tmp_path, EMPTY)
    (tmp_path / "aws").write_text("#!/bin/sh\n")
    (tmp_path / "aws").chmod(0o755)
    (tmp_path / "images").mkdir()
    lock = tmp_path / "images" / "dev.json"
    lock.write_text('{"runtime": "111122223333.dkr.ecr.eu-central-1.amazonaws.com/patchbay-dev-runtime@sha256:00"}')
    (lack,) = refused(account, options(file, aws_only=False), stub)
    assert lack.startswith("patchbay:platform.imageLock: runtime: in repositories of dev")


def test_a_state_that_was_never_prepared_is_told_with_the_command(account: Account, tmp_path: Path) -> None:
    file = dev(tmp_path, changes={"delivery": {"stateBucket": "patchbay-no-such-bucket"}})
    lacks = refused(account, options(file), program(tmp_path, EMPTY))
    assert [lack.split(": ")[0].rpartition(".")[2] for lack in lacks] == ["stateBucket", "stateKeyArn"]
    assert all("make bootstrap STACK=dev ARGS=--login" in lack for lack in lacks)


def test_an_environment_that_people_use_is_never_touched(account: Account, key: str, tmp_path: Path) -> None:
    used = EMPTY.replace("[]", '[{"urn": "urn:a::b", "type": "aws:ec2/vpc:Vpc", "custom": true}]')
    (lack,) = refused(account, options(dev(tmp_path, key=key)), program(tmp_path, used))
    assert "has 1 resources that no smoke run made" in lack


def test_a_protected_resource_is_never_touched(account: Account, key: str, tmp_path: Path) -> None:
    kept = '[{"urn": "urn:a::db", "type": "aws:rds/instance:Instance", "custom": true, "protect": true}]'
    (lack,) = refused(account, options(dev(tmp_path, key=key)), program(tmp_path, EMPTY.replace("[]", kept)))
    assert "1 resources are protected, such as db" in lack


@pytest.fixture
def unfinished(account: Account) -> Iterator[str]:
    """The key of a record in the state's bucket."""
    yield "smoke/dev.json"
    account.client("s3").delete_object(Bucket=BUCKET, Key="smoke/dev.json")


def record(account: Account, name: str, until: str) -> None:
    body = f'{{"began": "{LONG_AGO}", "until": "{until}", "owner": "example@elsewhere", "pid": 1}}'
    account.client("s3").put_object(Bucket=BUCKET, Key=name, Body=body.encode())


def test_a_run_that_may_still_run_is_waited_for(account: Account, key: str, unfinished: str, tmp_path: Path) -> None:
    record(account, unfinished, LONG_HENCE)
    (lack,) = refused(account, options(dev(tmp_path, key=key)), program(tmp_path, EMPTY))
    assert f"by example@elsewhere, begun {LONG_AGO}, may run until {LONG_HENCE}" in lack


def test_what_a_killed_run_left_is_destroyed_first_and_its_record_goes_with_it(
    account: Account, key: str, unfinished: str, tmp_path: Path
) -> None:
    record(account, unfinished, LONG_AGO)
    told = options(dev(tmp_path, key=key), destroy_only=True, limits=Limits(look=5))
    done = smoked(account, told, program(tmp_path, EMPTY))
    assert done.status == 0, done.told
    commands = [call.split()[0] for call in calls(tmp_path)]
    assert [command for command in commands if command != "stack"] == ["cancel", "refresh", "destroy"]
    assert "Contents" not in account.client("s3").list_objects_v2(Bucket=BUCKET, Prefix="smoke/")


def test_an_identity_provider_that_is_there_already_is_told(account: Account, key: str, tmp_path: Path) -> None:
    iam = account.client("iam")
    made = iam.create_open_id_connect_provider(
        Url="https://token.actions.githubusercontent.com", ClientIDList=["sts.amazonaws.com"], ThumbprintList=["0" * 40]
    )["OpenIDConnectProviderArn"]
    try:
        (lack,) = refused(account, options(dev(tmp_path, key=key)), program(tmp_path, EMPTY))
    finally:
        iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=made)
    assert lack.startswith("patchbay:infra.delivery.providerArn")
    assert made in lack


def test_a_shell_that_leads_to_an_emulator_is_told() -> None:
    lacks = Lacks()
    elsewhere({"AWS_ENDPOINT_URL": "http://127.0.0.1:5000"}, lacks)
    assert [lack.where for lack in lacks.found] == ["AWS_ENDPOINT_URL"]
