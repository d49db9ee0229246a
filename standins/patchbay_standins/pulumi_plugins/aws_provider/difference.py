"""What a change of a program's inputs means for a resource: nothing, an update or a replacement."""

from typing import Any, Final

from patchbay_standins.pulumi_plugins.aws_provider import sdk
from patchbay_standins.pulumi_plugins.aws_provider.resource import Values
from patchbay_standins.pulumi_plugins.aws_provider.row import Field, Row
from patchbay_standins.pulumi_plugins.plugin.difference import Difference, changes
from patchbay_standins.pulumi_plugins.plugin.properties import Path

_NOTHING: Final[tuple[object, ...]] = (None, "", False, [], {})


def changed_inputs(row: Row, old: Values, new: Values, outputs: Values) -> list[str]:
    """The inputs whose change AWS has to be told."""
    return [name for name in {**old, **new} if _changes(row, name, old, new, outputs)]


def effective_inputs(row: Row, old: Values, new: Values, outputs: Values) -> dict[str, Any]:
    """The new inputs, with AWS' defaults in place of those that were taken away."""
    defaults = {
        name: row.field(name).default
        for name in changed_inputs(row, old, new, outputs)
        if name not in new and row.field(name).default is not None
    }
    return {**new, **defaults}


def updatable(row: Row) -> set[str]:
    """The inputs that can change without a new resource."""
    covered = {name for update in row.updates for name in update.covers}
    return covered | set(row.options) | ({"tags"} if row.tags else set())


def compare(row: Row, old: Values, new: Values, outputs: Values) -> Difference:
    """The difference of two sets of inputs."""
    difference = Difference({})
    in_place = updatable(row) - set(row.replaced(old, new) if row.replaced else ())
    for name in changed_inputs(row, old, new, outputs):
        before = {name: old[name]} if name in old else {}
        after = {name: new[name]} if name in new else {}
        found = dict(changes(before, after))
        difference.changes |= found
        if name not in in_place:
            difference.replaces |= set(found)
        else:
            difference.replaces |= {path for path in found if _is_fixed(row, path)}
    unchanged = row.name in new and old.get(row.name) == new[row.name]
    difference.delete_before_replace = bool(difference.replaces) and unchanged
    return difference


def _is_fixed(row: Row, path: Path) -> bool:
    names = [part for part in path if isinstance(part, str)]
    return any(".".join(names[: len(names) - rest]) in row.fixed for rest in range(len(names)))


def _changes(row: Row, name: str, old: Values, new: Values, outputs: Values) -> bool:
    field = row.field(name)
    if name in old and name in new:
        return not _equal(field, old[name], new[name])
    if name in new:
        # Given for the first time: what AWS has had all along is no change.
        current = outputs.get(name, field.default)
        return new[name] not in _NOTHING if current is None else not _equal(field, current, new[name])
    if name == "region" or (name != "tags" and sdk.resource_type(row.token).decided_by_aws(name)):
        return False
    return old[name] not in _NOTHING if field.default is None else not _equal(field, old[name], field.default)


def _equal(field: Field, left: object, right: object) -> bool:
    if field.normal is not None and left is not None and right is not None:
        return bool(field.normal(left) == field.normal(right))
    return left == right and isinstance(left, bool) == isinstance(right, bool)
