"""What is lacking is told before anything is made, all at once, each with its remedy."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from patchbay_operations.access import Access
from patchbay_operations.smoke.options import Limits, Options
from patchbay_operations.smoke.preflight.account import elsewhere
from patchbay_operations.smoke.preflight.lack import Lacks
from patchbay_operations.smoke.record import Entry, Record, TakenError

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


HISTORY = """\
"stack history") echo '[{"kind": "update", "message": "MESSAGE", "endTime": "2026-01-01T00:00:00.000Z"}]' ;;
esac"""
MADE = '[{"urn": "urn:a::b", "type": "aws:ec2/vpc:Vpc", "custom": true}]'


def test_what_people_have_deployed_since_a_run_that_did_not_end_is_never_touched(
    account: Account, key: str, unfinished: str, tmp_path: Path
) -> None:
    record(account, unfinished, LONG_AGO)
    people = program(tmp_path, EMPTY.replace("[]", MADE).replace("esac", HISTORY.replace("MESSAGE", "a new feature")))
    (lack,) = refused(account, options(dev(tmp_path, key=key), destroy_only=True), people)
    assert "an update of 2026-01-01T00:00:00.000Z, which no smoke run made" in lack
    assert "Contents" in account.client("s3").list_objects_v2(Bucket=BUCKET, Prefix="smoke/")


def test_what_smoke_runs_have_made_since_one_that_did_not_end_is_destroyed(
    account: Account, key: str, unfinished: str, tmp_path: Path
) -> None:
    record(account, unfinished, LONG_AGO)
    own = program(tmp_path, EMPTY.replace("[]", MADE).replace("esac", HISTORY.replace("MESSAGE", "smoke run")))
    smoked(account, options(dev(tmp_path, key=key), destroy_only=True, limits=Limits(look=1)), own)
    assert "destroy" in [call.split()[0] for call in calls(tmp_path)]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"began": "?", "until": "?", "owner": "", "pid": 1}'])
def test_what_is_no_record_of_a_run_is_told(
    account: Account, key: str, unfinished: str, tmp_path: Path, content: str
) -> None:
    account.client("s3").put_object(Bucket=BUCKET, Key=unfinished, Body=content.encode())
    (lack,) = refused(account, options(dev(tmp_path, key=key)), program(tmp_path, EMPTY))
    assert lack.endswith("is no record of a run; find out who wrote it, and delete it")


def test_a_record_is_replaced_and_removed_only_by_the_run_that_it_is_of(
    account: Account, key: str, unfinished: str
) -> None:
    assert key
    held = Record(Access("eu-central-1", account.url, ("emulated", "emulated", None)), BUCKET, "dev")
    record(account, unfinished, LONG_AGO)
    before, mine, other = held.read(), Entry.new(60, {"USER": "me"}), Entry.new(60, {"USER": "another"})
    held.write(other, over=before)
    with pytest.raises(TakenError):
        held.write(mine, over=before)
    held.remove(mine)
    assert held.read() == other


def test_what_was_left_can_be_destroyed_though_the_stack_could_not_be_made_again(
    account: Account, key: str, unfinished: str, tmp_path: Path
) -> None:
    record(account, unfinished, LONG_AGO)
    told = options(dev(tmp_path, key=key, zone=None), destroy_only=True, limits=Limits(look=1))
    assert smoked(account, told, program(tmp_path, EMPTY)).status == 0


@pytest.mark.parametrize("budget", [float("nan"), 0.0])
def test_a_budget_that_is_no_number_allows_nothing(account: Account, key: str, tmp_path: Path, budget: float) -> None:
    (lack,) = refused(account, options(dev(tmp_path, key=key), budget_usd=budget), program(tmp_path, EMPTY))
    assert lack.startswith("--budget: ")


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
    elsewhere(dict.fromkeys(("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"), "http://127.0.0.1:5000"), lacks)
    assert [lack.where for lack in lacks.found] == ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"]


def test_a_password_in_an_address_is_not_told() -> None:
    lacks = Lacks()
    elsewhere({"PULUMI_BACKEND_URL": "postgres://user:secret-word@db.example/state?sslmode=on"}, lacks)
    (lack,) = lacks.found
    assert "leads to postgres://db.example/state" in str(lack)
    assert "secret-word" not in str(lack)
