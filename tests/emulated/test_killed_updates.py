"""`kill -9` of the engine, then the documented recovery: what was made is kept, and nothing is made twice."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
import yaml
from patchbay_local.deploy.stack.stack import Stack
from patchbay_local.deploy.stack_config import StackConfig
from patchbay_operations.inventory.read import counts, inventory
from patchbay_operations.recovery.recover import Recovery

from tests.emulated.deployment import Deployment, empty_account
from tests.emulated.killed import contents, driven, export, ids, kill_after, plugins, wait_for_plugins

# Operations on AWS resources that each of ten updates begins before it is killed; together most of the deployment.
KILLS: Final = (1, 12, 21, 30, 16, 25, 20, 33, 18, 22)

ON_DEV: Final = pytest.mark.parametrize("scratch", ["dev"], indirect=True)


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Deployment]:
    with empty_account(tmp_path / "empty", StackConfig.read("dev")) as deployment:
        yield deployment


@pytest.mark.long
@pytest.mark.timeout(1800)  # twelve updates, ten recoveries
def test_a_deployment_that_is_killed_ten_times_ends_as_an_undisturbed_one(
    empty: Deployment, deployments: Callable[[str], Deployment]
) -> None:
    stack = driven(empty.emulation)
    recoveries: list[Recovery] = []
    interrupted = 0
    for begun in KILLS:
        kill_after(stack, begun, "up")
        wait_for_plugins(stack)
        interrupted += stack.backend.has_pending_operations(stack.name)
        recoveries.append(stack.recover())
        assert not stack.backend.was_killed(stack.name)
    stack.up(lambda *_: None)
    stack.preview("--expect-no-changes")

    assert interrupted >= 5, "most kills are to come while something is being created"
    assert sum(len(recovery.adopted) for recovery in recoveries) >= 5
    undisturbed = contents(deployments("dev").emulation.access)
    assert contents(empty.emulation.access) == undisturbed


def change(deployment: Deployment, section: str, **values: str) -> None:
    """Change the stack's config."""
    file = deployment.emulation.config_file
    content = yaml.safe_load(file.read_text())
    content["config"]["patchbay:infra"][section] |= values
    file.write_text(yaml.safe_dump(content))


def kinds(deployment: Deployment) -> dict[str, int]:
    return counts(inventory(deployment.emulation.access))


def require_the_program(stack: Stack) -> None:
    """Let an update end, after which nothing is left to be done."""
    stack.up(lambda *_: None)
    stack.preview("--expect-no-changes")


@pytest.mark.long
@ON_DEV
def test_an_update_that_was_killed_at_once_leaves_nothing_but_its_lock(scratch: Deployment) -> None:
    stack = driven(scratch.emulation)
    kill_after(stack, 0, "up")
    wait_for_plugins(stack)
    assert stack.backend.was_killed(stack.name)
    assert stack.recover().summary == "0 adopted, 0 to be done again"
    assert not stack.backend.locks(stack.name)
    stack.preview("--expect-no-changes")


@ON_DEV
def test_an_update_keeps_its_lock_while_it_runs_and_goes_on_once_it_was_killed_and_recovered(
    scratch: Deployment,
) -> None:
    stack, before = driven(scratch.emulation), contents(scratch.emulation.access)
    refusals: list[str] = []

    def recover_too_early() -> None:
        if not refusals and plugins(stack) and stack.backend.locks(stack.name):
            with pytest.raises(RuntimeError, match=r"an update of dev is running .*wait for its end") as refusal:
                stack.recover()
            refusals.append(str(refusal.value))

    # A tag of everything.
    change(scratch, "environment", owner="example-team")
    kill_after(stack, 40, "up", meanwhile=recover_too_early)
    assert refusals
    assert stack.backend.was_killed(stack.name)
    wait_for_plugins(stack)
    stack.recover()
    recovered = ids(export(stack))
    assert stack.recover().summary == "0 adopted, 0 to be done again"
    assert ids(export(stack)) == recovered
    require_the_program(stack)
    assert contents(scratch.emulation.access) == before


@pytest.mark.long
@ON_DEV
def test_a_replacement_that_was_killed_leaves_only_the_new(scratch: Deployment) -> None:
    """The new certificate's `Name` is the old one's, which exists until the end of the update."""
    stack, before = driven(scratch.emulation), kinds(scratch)
    made = ids(export(stack))
    change(scratch, "edge", domain="example.net")
    adopted: dict[str, str] = {}
    for begun in (2, 1, 3):
        kill_after(stack, begun, "up")
        wait_for_plugins(stack)
        adopted |= stack.recover().adopted
    require_the_program(stack)
    assert kinds(scratch) == before
    assert adopted
    assert not adopted.items() & made.items()
    # Another zone is an administrator's to make: the apply role's rights name the one that is there.
    scratch.record.write_text("")


@pytest.mark.long
@ON_DEV
def test_a_deletion_that_was_killed_is_ended_by_the_next(scratch: Deployment, empty: Deployment) -> None:
    stack = driven(scratch.emulation)
    kill_after(stack, 60, "destroy")
    wait_for_plugins(stack)
    stack.recover()
    kill_after(stack, 40, "destroy")
    wait_for_plugins(stack)
    stack.destroy()
    assert contents(scratch.emulation.access) == contents(empty.emulation.access)
