"""Fields, tags and parsers that many rows share."""

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from patchbay_standins.pulumi_plugins.aws_provider.row import Call, Field, Tags


def document(name: str, aws: str | None = None, read: str | None = None, default: Any = None) -> Field:
    """A JSON document that pulumi holds as text; compared by content, as IAM compares policies."""
    return Field(
        name, aws=aws, read=read, encode=_encoded, decode=_document_text, normal=_document_content, default=default
    )


def _encoded(value: Any) -> Any:
    return value if isinstance(value, str) else json.dumps(value)


def _document_text(value: Any) -> Any:
    if isinstance(value, str):
        text = value.strip()
        return text if text.startswith(("{", "[")) else unquote(text)
    return json.dumps(value)


def _document_content(value: Any) -> Any:
    try:
        content = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value
    return _canonical(content)


def _canonical(value: Any) -> Any:
    """A policy's meaning: order in lists of names does not matter, and a list of one is that one."""
    if isinstance(value, Mapping):
        return {key: _canonical(item) for key, item in value.items()}
    if isinstance(value, list):
        items = [_canonical(item) for item in value]
        if len(items) == 1:
            return items[0]
        return sorted(items, key=str) if all(isinstance(item, str) for item in items) else items
    return value


def unordered(name: str, aws: str | None = None, read: str | None = None) -> Field:
    """A list that AWS keeps as a set."""
    return Field(name, aws=aws, read=read, normal=lambda value: sorted(value, key=str) if value else [])


def ec2_tags(resource_type: str) -> Tags:
    """Tags of an EC2 resource, given on creation by `TagSpecifications`."""
    return Tags(
        specification=resource_type,
        tag=Call("create_tags", {"Resources": ["{id}"]}),
        untag=Call("delete_tags", {"Resources": ["{id}"]}),
    )


def by_parts(pattern: str, *names: str) -> Callable[[str], dict[str, str]]:
    """A parser of ids that splits at a separator; the last part takes the rest."""

    def parse(identifier: str) -> dict[str, str]:
        return dict(zip(names, identifier.split(pattern, len(names) - 1), strict=False))

    return parse
