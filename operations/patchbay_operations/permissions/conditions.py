"""The `Condition` block of a policy's statement."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Any, Final

# Context keys, as a request has them; their names are compared without regard to case.
Context = Mapping[str, str | Sequence[str]]
_VARIABLE: Final = re.compile(r"\$\{([^}]+)\}")


def like(pattern: str, value: str) -> bool:
    """AWS' wildcards: `*` and `?`, and nothing else."""
    return _compiled(pattern)(value) is not None


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> Callable[[str], re.Match[str] | None]:
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL).fullmatch


def filled(pattern: str, context: Context) -> str:
    """The pattern with its policy variables replaced; one without a value matches nothing."""
    if "${" not in pattern:
        return pattern
    lowered = {key.lower(): str(value) for key, value in context.items()}
    return _VARIABLE.sub(lambda match: lowered.get(match[1].lower(), "\0"), pattern)


def _arn_like(pattern: str, value: str) -> bool:
    """Part by part, so that a `*` stands for no colon but in the last part.

    Source: IAM user guide, "ARN condition operators".
    """
    parts, found = pattern.split(":", 5), value.split(":", 5)
    return len(parts) == len(found) and all(like(*pair) for pair in zip(parts, found, strict=True))


def _moment(text: str) -> datetime:
    """From ISO 8601 or seconds since 1970."""
    if text.replace(".", "", 1).isdigit():
        return datetime.fromtimestamp(float(text), UTC)
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _in_network(network: str, address: str) -> bool:
    return ip_address(address) in ip_network(network)


def _equals(wanted: str, value: str) -> bool:
    return wanted == value


def _equals_ignoring_case(wanted: str, value: str) -> bool:
    return wanted.lower() == value.lower()


# Operator -> the comparison, and whether the operator wants it to fail.
_OPERATORS: Final[Mapping[str, tuple[Callable[[str, str], bool], bool]]] = {
    "StringEquals": (_equals, False),
    "StringNotEquals": (_equals, True),
    "StringEqualsIgnoreCase": (_equals_ignoring_case, False),
    "StringNotEqualsIgnoreCase": (_equals_ignoring_case, True),
    "StringLike": (like, False),
    "StringNotLike": (like, True),
    "ArnEquals": (_arn_like, False),
    "ArnLike": (_arn_like, False),
    "ArnNotEquals": (_arn_like, True),
    "ArnNotLike": (_arn_like, True),
    "Bool": (_equals_ignoring_case, False),
    "IpAddress": (_in_network, False),
    "NotIpAddress": (_in_network, True),
    "NumericEquals": (lambda wanted, value: float(wanted) == float(value), False),
    "NumericLessThan": (lambda wanted, value: float(value) < float(wanted), False),
    "NumericLessThanEquals": (lambda wanted, value: float(value) <= float(wanted), False),
    "NumericGreaterThan": (lambda wanted, value: float(value) > float(wanted), False),
    "NumericGreaterThanEquals": (lambda wanted, value: float(value) >= float(wanted), False),
    "NumericNotEquals": (lambda wanted, value: float(wanted) == float(value), True),
    "DateEquals": (lambda wanted, value: _moment(value) == _moment(wanted), False),
    "DateNotEquals": (lambda wanted, value: _moment(value) == _moment(wanted), True),
    "DateLessThan": (lambda wanted, value: _moment(value) < _moment(wanted), False),
    "DateLessThanEquals": (lambda wanted, value: _moment(value) <= _moment(wanted), False),
    "DateGreaterThan": (lambda wanted, value: _moment(value) > _moment(wanted), False),
    "DateGreaterThanEquals": (lambda wanted, value: _moment(value) >= _moment(wanted), False),
}
_SETS: Final = ("ForAllValues:", "ForAnyValue:")


def hold(block: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    """Whether every condition holds. NotImplementedError for an operator that is not known here."""
    lowered = {key.lower(): value for key, value in context.items()}
    return all(
        _holds(operator, [filled(one, context) for one in _texts(wanted)], lowered.get(key.lower()))
        for operator, keys in block.items()
        for key, wanted in keys.items()
    )


def _holds(operator: str, wanted: Sequence[str], present: str | Sequence[str] | None) -> bool:
    quantifier = next((prefix for prefix in _SETS if operator.startswith(prefix)), "")
    name = operator.removeprefix(quantifier)
    if name == "Null":
        return (present is None) == (wanted[0].lower() == "true")
    optional = name.endswith("IfExists")
    if (known := _OPERATORS.get(name.removesuffix("IfExists"))) is None:
        raise NotImplementedError(f"the condition operator {operator}")
    compare, negated = known
    if present is None:
        # Of no values none is any, whatever is asked of it, and all are everything.
        return quantifier == "ForAllValues:" or (quantifier != "ForAnyValue:" and (optional or negated))
    values = [present] if isinstance(present, str) else list(present)
    matches = [any(compare(entry, value) for entry in wanted) != negated for value in values]
    return all(matches) if quantifier == "ForAllValues:" or (negated and not quantifier) else any(matches)


def _texts(value: Any) -> list[str]:
    return [str(item).lower() if isinstance(item, bool) else str(item) for item in _list(value)]


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
