"""Who bootstraps needs the rights that the documentation names: no more, and no less."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from patchbay_operations.bootstrap.stack_file import load_stack
from patchbay_operations.permissions.evaluation import Call, statements, texts
from patchbay_operations.permissions.judgement import given
from patchbay_operations.permissions.recorded import Recorded

from tests.called import without
from tests.operations.bootstrap.prepared import ADMIN, DOMAIN, prepared, role_keys, stack_file
from tests.operations.bootstrap.rights import commands_calls, faults, holder, policy
from tests.standins.aws.account import Account
from tests.standins.aws.launched import launched

# A size that the capacity plan's table does not have, so that EC2 is asked.
UNKNOWN_TYPE: Final = "m4.large"


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Recorded]]:
    """Of a preparation that makes all that there is to make, and of one that finds it."""
    directory = tmp_path_factory.mktemp("rights")
    record = directory / "calls.jsonl"
    with launched(directory / "emulator", record=record) as account:
        _parent_zone(account)
        keys, file = role_keys(account, ADMIN), everything(directory)
        first, second = (prepared(account, file, keys=keys) for _ in range(2))
        assert (first.status, second.status) == (0, 0), f"{first.told}\n{second.told}"
        assert not second.lines("made")
        yield commands_calls(record)


def _parent_zone(account: Account) -> None:
    account.client("route53").create_hosted_zone(Name=DOMAIN.partition(".")[2], CallerReference="parent")


def everything(directory: Path) -> Path:
    """Every service whose role the command makes, and a type of nodes that it has to ask EC2 about."""
    file = stack_file(directory, edge={"shield": True})
    document = yaml.safe_load(file.read_text())
    for cluster in document["config"]["patchbay:infra"]["clusters"].values():
        cluster["system"]["instanceTypes"] = [UNKNOWN_TYPE]
    file.write_text(yaml.safe_dump(document, sort_keys=False))
    assert load_stack(file)
    return file


def test_the_documented_policy_allows_every_call_of_the_command(calls: list[Recorded]) -> None:
    assert len(calls) > 50
    assert not (found := faults(holder(policy()), calls)), "\n".join(found)


def test_every_action_of_the_documented_policy_is_called(calls: list[Recorded]) -> None:
    assert not [str(one) for one in given(holder(policy()), calls) if not one.used]


def test_every_value_of_the_policys_conditions_is_that_of_a_call(calls: list[Recorded]) -> None:
    wanted = [
        (action, key, value)
        for statement in statements(policy())
        for condition in (statement.get("Condition") or {}).values()
        for key, values in condition.items()
        for value in texts(values)
        for action in texts(statement["Action"])
    ]
    had = {
        (question.action, key, value)
        for call in calls
        for question in call.asked
        for key, values in question.context.items()
        for value in texts(values)
    }
    assert wanted
    assert not [one for one in wanted if one not in had]


@pytest.mark.parametrize("lost", sorted({action for one in statements(policy()) for action in texts(one["Action"])}))
def test_an_action_that_is_taken_away_is_missed(lost: str, calls: list[Recorded]) -> None:
    found = faults(without(lost, holder(policy())), calls)
    assert any(fault.startswith(f"who bootstraps may not {lost} on ") for fault in found), found


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        ("s3:GetObject", "arn:aws:s3:::patchbay-state-of-a-test/.pulumi/stacks/patchbay/production.json", {}),
        ("s3:DeleteBucket", "arn:aws:s3:::patchbay-state-of-a-test", {}),
        ("s3:PutBucketPolicy", "arn:aws:s3:::another", {}),
        ("kms:ScheduleKeyDeletion", "arn:aws:kms:eu-central-1:111122223333:key/0", {}),
        ("kms:CreateAlias", "arn:aws:kms:eu-central-1:111122223333:alias/another", {}),
        ("iam:CreateRole", "arn:aws:iam::111122223333:role/another", {}),
        (
            "iam:CreateServiceLinkedRole",
            "arn:aws:iam::111122223333:role/aws-service-role/another.amazonaws.com/*",
            {"iam:AWSServiceName": "another.amazonaws.com"},
        ),
        ("route53:ChangeResourceRecordSets", "arn:aws:route53:::hostedzone/Z0", {}),
    ],
)
def test_who_bootstraps_reads_no_state_and_changes_nothing_else(
    action: str, resource: str, context: dict[str, Any]
) -> None:
    asked = Recorded("example", "", "", (Call(action, resource, context),))
    assert faults(holder(policy()), [asked])
