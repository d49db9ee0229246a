"""What is in a call's parameters, whatever the service calls it."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

# Where services put the tags of what is made, or of what is there.
_TAGS: Final = frozenset({"addtags", "resourcetags", "taglist", "tags"})
_TAG_KEYS: Final = frozenset({"removetagkeys", "tagkeylist", "tagkeys"})
_KEY: Final = ("Key", "key", "TagKey")
_VALUE: Final = ("Value", "value", "TagValue")


def texts(value: Any) -> Iterator[str]:
    """Every text in it, at any depth."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for entry in value.values():
            yield from texts(entry)
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from texts(entry)


def at(parameters: Mapping[str, Any], path: str) -> list[str]:
    """The texts at a path such as `Tags.ResourceId`, through lists; names without regard to case."""
    found: list[Any] = [parameters]
    for name in path.lower().split("."):
        found = [
            value
            for entry in found
            if isinstance(entry, Mapping)
            for key, value in entry.items()
            if str(key).lower() == name
        ]
        found = [one for entry in found for one in (entry if isinstance(entry, list | tuple) else [entry])]
    return [entry for entry in found if isinstance(entry, str) and entry]


def below(value: Any, name: str) -> Iterator[Any]:
    """What stands under a name, at any depth."""
    if isinstance(value, Mapping):
        if name in value:
            yield value[name]
        for entry in value.values():
            yield from below(entry, name)
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from below(entry, name)


def tags(parameters: Mapping[str, Any]) -> dict[str, str]:
    """What a call tags with, in any of the forms that services have for it."""
    found: dict[str, str] = {}
    for name, value in parameters.items():
        if name.lower() in _TAGS:
            found |= pairs(value)
        elif name in {"CreateBucketConfiguration", "Tagging"} and isinstance(value, Mapping):
            found |= pairs(value.get("Tags") or value.get("TagSet") or [])
    return found


def pairs(value: Any) -> dict[str, str]:
    """Tags from a mapping or from a list of keys and values."""
    if isinstance(value, Mapping):
        return {str(key): str(entry) for key, entry in value.items()}
    return {_member(entry, _KEY): _member(entry, _VALUE) for entry in value or [] if isinstance(entry, Mapping)}


def removed_tags(parameters: Mapping[str, Any]) -> list[str]:
    """The keys of tags that a call takes away."""
    return [key for name, value in parameters.items() if name.lower() in _TAG_KEYS for key in texts(value)]


def _member(entry: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return str(next((entry[name] for name in names if entry.get(name) is not None), ""))
