"""The two phases of `make test`: what may run beside other tests, and after it what must run alone.

Without `--phase` every test that is asked for runs, as pytest's users expect.
"""

import json
from pathlib import Path
from typing import Any, Final

import pytest

ALONE: Final = "alone"
PARALLEL: Final = "parallel"
# Why a test may be left out, in the words of its marks.
_REASONS: Final = ("long", "cluster_lifecycle")
_left_out = pytest.StashKey[dict[str, list[str]]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("patchbay")
    group.addoption("--phase", choices=(PARALLEL, ALONE), help="only the tests of this phase of `make test`")
    group.addoption("--left-out", type=Path, metavar="FILE", help="writes the tests that were not selected, with marks")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_left_out] = {}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    phase = config.getoption("--phase")
    if phase is None:
        return
    wanted = [item for item in items if (item.get_closest_marker(ALONE) is not None) == (phase == ALONE)]
    # The other phase runs the others: they are not left out.
    items[:] = wanted


def pytest_deselected(items: list[pytest.Item]) -> None:
    for item in items:
        marks = [name for name in _REASONS if item.get_closest_marker(name)]
        item.config.stash[_left_out][item.nodeid] = marks


def pytest_sessionfinish(session: pytest.Session) -> None:
    config = session.config
    worker: dict[str, Any] | None = getattr(config, "workeroutput", None)
    if worker is not None:
        worker["left_out"] = config.stash[_left_out]
        return
    file: Path | None = config.getoption("--left-out")
    if file is not None:
        file.write_text(json.dumps(config.stash[_left_out], indent=1, sort_keys=True))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Each of xdist's workers selects by itself; all of them select the same."""
    node.config.stash[_left_out].update(getattr(node, "workeroutput", {}).get("left_out", {}))
