"""Policy documents of IAM, read as IAM reads them.

Grammar: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html. Element names are taken in
any case, so that no spelling hides one; a document that repeats a key is unreadable, as IAM refuses it.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from patchbay_policies.patterns import matches
from patchbay_policies.reading import items, undecided

# JSON lets every character be written so, also those of an element's name.
_ESCAPE: Final = re.compile(r"\\u00([0-7][0-9a-fA-F])")
UNREADABLE: Final = "its policy document cannot be read: it is no JSON, or names a key twice"


@dataclass(frozen=True)
class Condition:
    """One line of a statement's `Condition`: all lines must hold, of one line's values any."""

    operator: str
    key: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Statement:
    """A statement; `principals`: kind (`AWS`, `Service`, `Federated`, `*`) and name. `excepts`: it has a `Not...`."""

    allows: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    principals: tuple[tuple[str, str], ...]
    conditions: tuple[Condition, ...]
    excepts: frozenset[str]

    def may(self, action: str) -> bool:
        """Whether its actions take in this one."""
        return "notaction" in self.excepts or any(matches(pattern, action) for pattern in self.actions)


@dataclass(frozen=True)
class Document:
    """Statements; none while a part of the document is unknown, which the update decides."""

    statements: tuple[Statement, ...] = ()
    readable: bool = True

    @property
    def allowing(self) -> Sequence[Statement]:
        return [statement for statement in self.statements if statement.allows]


def read(document: Any) -> Document:
    """A document given as JSON or as data; absent is empty."""
    if document is None or document == "" or undecided(document):
        return Document()
    if isinstance(document, str):
        return _parsed(document)
    return _document(document)


def with_principals(props: Mapping[str, Any]) -> Iterator[Document]:
    """Every property that is a policy document with principals, whatever it is called."""
    return (read(value) for value in props.values() if has_principals(value))


def has_principals(value: Any) -> bool:
    """Whether a value is a policy document that says whom it lets in."""
    if isinstance(value, str):
        text = _ESCAPE.sub(lambda escaped: chr(int(escaped[1], 16)), value).lower()
        return '"statement"' in text and ('"principal"' in text or '"notprincipal"' in text)
    return isinstance(value, Mapping) and any(str(key).lower() == "statement" for key in value)


@lru_cache(maxsize=1024)
def _parsed(text: str) -> Document:
    try:
        return _document(json.loads(text, object_pairs_hook=_once))
    except ValueError:
        return Document(readable=False)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len({key.lower() for key in found}) != len(pairs):
        raise ValueError("a key is named twice")
    return found


def _document(data: Any) -> Document:
    known = _lower(data)
    statements = items(known.get("statement"))
    if "statement" not in known or not all(isinstance(one, Mapping) for one in statements):
        return Document(readable=False)
    return Document(tuple(_statement(_lower(one)) for one in statements))


def _statement(data: Mapping[str, Any]) -> Statement:
    return Statement(
        allows=str(data.get("effect")).lower() == "allow",
        actions=_words(data.get("action")),
        resources=_words(data.get("resource")),
        principals=_principals(data.get("principal")),
        conditions=tuple(_conditions(data.get("condition"))),
        excepts=frozenset(key for key in ("notaction", "notresource", "notprincipal") if key in data),
    )


def _principals(principal: Any) -> tuple[tuple[str, str], ...]:
    if isinstance(principal, Mapping):
        return tuple((str(kind), name) for kind, names in principal.items() for name in _words(names))
    return tuple(("*", name) for name in _words(principal))


def _conditions(condition: Any) -> list[Condition]:
    return [
        Condition(str(operator).lower(), str(key).lower(), _words(values))
        for operator, lines in _pairs(condition)
        for key, values in _pairs(lines)
    ]


def _pairs(value: Any) -> list[tuple[Any, Any]]:
    return list(value.items()) if isinstance(value, Mapping) else []


def _lower(value: Any) -> dict[str, Any]:
    return {str(key).lower(): inner for key, inner in _pairs(value)}


def _words(value: Any) -> tuple[str, ...]:
    """Strings of an element that is one or a list; IAM takes numbers and booleans as their text."""
    return tuple(str(one).lower() if isinstance(one, bool) else str(one) for one in items(value))
