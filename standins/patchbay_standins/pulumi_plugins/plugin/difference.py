"""What a change of a resource's inputs means for it, as the engine shows it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from pulumi.runtime.proto import provider_pb2

from patchbay_standins.pulumi_plugins.plugin.properties import Path, format_path


class Change(Enum):
    """How a value changes."""

    ADD = "add"
    DELETE = "delete"
    UPDATE = "update"


_Diff = provider_pb2.PropertyDiff
_KINDS: Final = {
    (Change.ADD, False): _Diff.ADD,
    (Change.ADD, True): _Diff.ADD_REPLACE,
    (Change.DELETE, False): _Diff.DELETE,
    (Change.DELETE, True): _Diff.DELETE_REPLACE,
    (Change.UPDATE, False): _Diff.UPDATE,
    (Change.UPDATE, True): _Diff.UPDATE_REPLACE,
}


@dataclass
class Difference:
    """The changed paths of a resource, and those among them that need a new one."""

    changes: dict[Path, Change]
    replaces: set[Path] = field(default_factory=set)
    delete_before_replace: bool = False

    def response(self) -> provider_pb2.DiffResponse:
        """The difference in the engine's terms."""
        if not self.changes:
            return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)
        detailed: Mapping[str, provider_pb2.PropertyDiff] = {
            format_path(path): _Diff(kind=_KINDS[change, path in self.replaces], inputDiff=True)
            for path, change in self.changes.items()
        }
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME,
            diffs=sorted({str(path[0]) for path in self.changes}),
            replaces=sorted({str(path[0]) for path in self.replaces}),
            deleteBeforeReplace=self.delete_before_replace,
            detailedDiff=detailed,
            hasDetailedDiff=True,
        )


def changes(old: Any, new: Any, path: Path = ()) -> Iterator[tuple[Path, Change]]:
    """The paths at which two values differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in {**old, **new}:
            if key not in new:
                yield (*path, key), Change.DELETE
            elif key not in old:
                yield (*path, key), Change.ADD
            else:
                yield from changes(old[key], new[key], (*path, key))
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            if index >= len(new):
                yield (*path, index), Change.DELETE
            elif index >= len(old):
                yield (*path, index), Change.ADD
            else:
                yield from changes(old[index], new[index], (*path, index))
    elif old != new or isinstance(old, bool) != isinstance(new, bool):
        yield path, Change.UPDATE
