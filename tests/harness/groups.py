"""Which tests share a worker where pytest runs several of them (`-n`), and which work begins first.

A server that a whole session shares is started once in every worker that runs a test of it, and what a process keeps
is made once in each. Tests that share one therefore stay together, in two groups where one would be the last to end;
every other file is a group of its own, so that the servers of a module start once too.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

import pytest
from xdist.scheduler import LoadScopeScheduling

# Folders and files whose tests share something, longest work first: what begins last should not be what takes longest.
_TOGETHER: Final[Sequence[tuple[str, str]]] = (
    ("killed updates", r"tests/emulated/test_killed_updates\.py::.*ten_times"),
    ("emulate", r"tests/emulated/test_command\.py"),
    ("emulated production", r"tests/emulated/.*\[(.*-)?production\b"),
    ("runtime, m to z", r"tests/runtime/test_(?!queue_)[m-z]"),
    ("runtime, a to l", r"tests/runtime/test_[a-l]"),
    ("security", r"tests/security/"),
    ("emulated staging", r"tests/emulated/.*\[(.*-)?staging\b"),
    ("emulated dev", r"tests/emulated/"),
    ("control plane", r"tests/(standins/pulumi_plugins/test_|\w+/test_(restore_on|scale_in_order_rights|storage))"),
    ("autoscaler", r"tests/standins/cluster_autoscaler/program/"),
    ("emulator", r"tests/standins/aws/"),
    ("recorded programs", r"tests/((policy|schemas)/test_program|unit/test_(aws_types|platform_networks))\.py"),
)
_PATTERNS: Final = tuple((name, re.compile(pattern)) for name, pattern in _TOGETHER)
_RANKS: Final = {name: rank for rank, (name, _) in enumerate(_TOGETHER)}


def group(nodeid: str) -> str:
    """The group that a test belongs to."""
    for name, pattern in _PATTERNS:
        if pattern.match(nodeid):
            return name
    return nodeid.split("::", 1)[0]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: _RANKS.get(group(item.nodeid), len(_RANKS)))


class GroupScheduling(LoadScopeScheduling):
    """Hands out one group after the other, in the order of the collection."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> GroupScheduling:
    config.option.loadscopereorder = False  # by the number of tests, which says nothing of their time
    return GroupScheduling(config, log)
