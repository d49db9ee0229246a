"""Each stack is deployed once, by the first test that asks for it; whoever changes something gets a copy."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from patchbay_local.machine import paths
from patchbay_operations.checks.facts import Facts
from patchbay_operations.permissions.reasons import load_reasons, misplaced

from tests.emulated.calls import APPLY
from tests.emulated.deployment import STACKS, Deployment, deployed


@pytest.fixture(autouse=True)
def _own_plugins(pulumi: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-ins of this work tree, and no file of the machine's own environment."""
    monkeypatch.setattr(paths, "BIN", pulumi.parent)
    monkeypatch.setattr(paths, "PULUMI_HOME", pulumi.parent / "home")


@pytest.fixture(scope="session")
def deployments(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Deployment]]:
    """The deployment of a stack."""
    made: dict[str, Deployment] = {}
    failed: dict[str, Exception] = {}
    with ExitStack() as running:

        def deployment(stack: str) -> Deployment:
            if stack in failed:
                pytest.fail(f"{stack} was not deployed: {failed[stack]}")
            if stack not in made:
                try:
                    made[stack] = running.enter_context(deployed(stack, tmp_path_factory.mktemp(stack)))
                except Exception as error:
                    failed[stack] = error
                    raise
            return made[stack]

        yield deployment


@pytest.fixture(params=STACKS)
def deployment(request: pytest.FixtureRequest, deployments: Callable[[str], Deployment]) -> Deployment:
    """Not to be changed: all tests of the stack look at it."""
    return deployments(request.param)


@pytest.fixture
def facts(deployment: Deployment) -> Facts:
    """What boto3 finds in the stack's account."""
    return deployment.facts


@pytest.fixture
def scratch(
    request: pytest.FixtureRequest, deployments: Callable[[str], Deployment], tmp_path: Path
) -> Iterator[Deployment]:
    """A copy of a stack's deployment, to be changed at will; the stack is the fixture's parameter.

    Fails the test whose updates make a call that the role which makes them in production may not, and one that uses
    other rights than the table of reasons says.
    """
    original = deployments(request.param)
    roles, failed = original.roles, request.session.testsfailed
    with original.copied(tmp_path) as copy:
        yield copy
        judged = copy.judged(roles, request.node.name)
        faults = judged.faults
        if request.session.testsfailed == failed:
            # One that failed did not come to its end.
            faults += misplaced(load_reasons(APPLY), request.node.name, judged.rights)
        assert not faults, "\n".join(faults)
