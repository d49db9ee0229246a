"""What a policy's document lets whom do, as far as services ask before they take a resource.

Denials, and conditions other than those that a caller of `allows` looks at, are left out of account.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final

from moto.iam.models import iam_backends

Statement = Mapping[str, Any]

_IDENTITY: Final = re.compile(r"arn:aws:iam::(?P<account>\d{12}):(?P<kind>role|user)/.+")


def statements(document: str | None) -> list[Statement]:
    """The statements of a document; none where there is no document, or where it is no JSON."""
    try:
        found = json.loads(document or "{}").get("Statement", [])
    except ValueError:
        return []
    return listed(found)


def listed(value: Any) -> list[Any]:
    """A policy may say one thing instead of a list of one."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def principals(statement: Statement, kind: str) -> list[str]:
    """Those of a kind (`AWS`, `Service`); `*` stands for all of AWS' identities."""
    found = statement.get("Principal")
    if isinstance(found, str):
        return [found] if kind == "AWS" else []
    return [str(name) for name in listed((found or {}).get(kind))]


def allows(statement: Statement, actions: Sequence[str], resource: str | None = None) -> bool:
    """Whether the statement lets its principals do all of the actions, with the resource where one is named."""
    return (
        statement.get("Effect") == "Allow"
        and all(_matches(listed(statement.get("Action")), action, fold=True) for action in actions)
        and (resource is None or _matches(listed(statement.get("Resource")), resource))
    )


def absent_identities(account: str, found: Sequence[Statement]) -> Iterator[str]:
    """The roles and users of this account that the statements name and IAM does not have."""
    known = identities(account)
    for statement in found:
        for name in principals(statement, "AWS"):
            identity = _IDENTITY.fullmatch(name)
            if identity and identity["account"] == account and name not in known:
                yield name


def identities(account: str) -> set[str]:
    """The ARNs of the account's roles and users."""
    backend: Any = iam_backends[account]["aws"]
    return {str(one.arn) for one in (*backend.roles.values(), *backend.users.values())}


def _matches(patterns: Sequence[Any], value: str, *, fold: bool = False) -> bool:
    """IAM's `*` and `?`; actions have no case."""
    lower = str.lower if fold else str
    # A bracket means itself in a policy.
    return any(fnmatchcase(lower(value), lower(str(pattern)).replace("[", "[[]")) for pattern in patterns)
