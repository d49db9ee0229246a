"""Calls as the emulated account records them (`patchbay_standins.aws.record`): one line of JSON each."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from patchbay_operations.permissions.evaluation import Call


@dataclass(frozen=True)
class Recorded:
    """One call. `environment`: what its client says that it runs in. `key`: the id of its access key.

    `asked`: all that IAM has to allow for it. `unread`: why that could not be told; empty where it could.
    """

    operation: str
    environment: str
    key: str
    asked: tuple[Call, ...]
    unread: str = ""


def read(file: Path) -> Iterator[Recorded]:
    """In the order in which they came. OSError where there is no record."""
    with file.open() as lines:
        for line in lines:
            entry = json.loads(line)
            yield Recorded(
                operation=f"{entry['service']}:{entry['operation']}",
                environment=entry["environment"],
                key=entry["key"],
                asked=tuple(Call(one["action"], one["resource"], one["context"]) for one in entry.get("asked", ())),
                unread=entry.get("unread", ""),
            )
