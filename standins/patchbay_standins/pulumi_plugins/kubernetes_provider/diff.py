"""What a change of a program's inputs means for an object: nothing, an update or a replacement."""

import re
from collections.abc import Mapping
from typing import Any, Final

from patchbay_standins.pulumi_plugins.kubernetes_provider.api import ApiError
from patchbay_standins.pulumi_plugins.kubernetes_provider.naming import AUTONAMED
from patchbay_standins.pulumi_plugins.kubernetes_provider.objects import Object, identity
from patchbay_standins.pulumi_plugins.plugin.difference import Difference, changes
from patchbay_standins.pulumi_plugins.plugin.properties import UNKNOWN, Path

IDENTITY: Final = (("kind",), ("metadata", "name"), ("metadata", "namespace"))
# Pods read these when they start: a new object makes them roll.
CONTENT: Final = ("data", "binaryData", "stringData", "immutable", "type")
# How the API server says that a field of a live object cannot be changed.
_IMMUTABLE: Final = re.compile(
    r"immutable|updates to .* are forbidden|may not (change|be changed)|cannot (change|be changed|update)"
    r"|updates may not change fields|is forbidden after creation",
    re.IGNORECASE,
)


def compare(old: Object, new: Object, *, mutable: bool) -> Difference:
    """The differences of two manifests. `mutable`: whether the content of a ConfigMap or Secret may change in place."""
    difference = Difference(dict(changes(old, new)))
    if _group(old) != _group(new):
        difference.replace(("apiVersion",))
    for path in IDENTITY:
        if path in difference.changes:
            difference.replace(path)
    if new.get("apiVersion") == "v1" and new.get("kind") in ("ConfigMap", "Secret") and not mutable:
        for name in CONTENT:
            if any(change[0] == name for change in difference.changes):
                difference.replace((name,))
    return difference


def reject(difference: Difference, error: ApiError) -> None:
    """Turns changes that the API server refuses because a field is immutable into a replacement."""
    if not is_immutable(error):
        return
    for cause in error.causes:
        if _IMMUTABLE.search(str(cause.get("message", ""))):
            difference.replace(_parse_field(str(cause.get("field", ""))))
    if not difference.replaces:
        difference.replaces = set(difference.changes)


def is_immutable(error: ApiError) -> bool:
    """Whether the API server refused a change because a field cannot be changed."""
    messages = [error.message, *(str(cause.get("message", "")) for cause in error.causes)]
    return any(_IMMUTABLE.search(message) for message in messages)


def settle(difference: Difference, old: Object, new: Object) -> None:
    """Decides the order of a replacement: two objects of the same name cannot exist at once."""
    autonamed = ((new.get("metadata") or {}).get("annotations") or {}).get(AUTONAMED) == "true"
    same_name = identity(old).identifier == identity(new).identifier and old.get("kind") == new.get("kind")
    difference.delete_before_replace = bool(difference.replaces) and same_name and not autonamed


def fill_unknowns(new: Any, old: Any) -> Any:
    """The new value with the old one's parts where it is unknown, for a dry run in a preview."""
    if new == UNKNOWN:
        return old if old is not None else UNKNOWN
    if isinstance(new, dict):
        before = old if isinstance(old, dict) else {}
        return {key: fill_unknowns(value, before.get(key)) for key, value in new.items()}
    if isinstance(new, list):
        items = old if isinstance(old, list) and len(old) == len(new) else [None] * len(new)
        return [fill_unknowns(value, before) for value, before in zip(new, items, strict=True)]
    return new


def _group(manifest: Mapping[str, Any]) -> str:
    return str(manifest.get("apiVersion")).rpartition("/")[0]


def _parse_field(text: str) -> Path:
    """A field as the API server names it: `spec.template.spec.containers[0].image`, `data[a.b]`."""
    path: list[str | int] = []
    for name, index in re.findall(r"([^.\[\]]+)|\[([^\]]*)\]", text):
        path.append(name or (int(index) if index.isdigit() else index))
    return tuple(path)
