"""How a refused configuration is told to its writer."""

from collections.abc import Iterable

from pydantic import ValidationError
from pydantic_core import ErrorDetails


class ConfigError(Exception):
    """A configuration that the program refuses: every field at fault, with the remedy."""


def describe(prefix: str, error: ValidationError, *, missing: str) -> str:
    """One line for each field at fault; never a value, which may be a secret. `missing`: how to supply a field."""
    return "\n".join(_line(prefix, detail, missing) for detail in error.errors(include_input=False, include_url=False))


def _line(prefix: str, detail: ErrorDetails, missing: str) -> str:
    field = prefix + _path(detail["loc"])
    match detail["type"]:
        case "missing":
            return f"{field}: missing; {missing}"
        case "extra_forbidden":
            return f"{field}: unknown key; correct its spelling or remove it"
        case _:
            return f"{field}: {detail['msg'].removeprefix('Value error, ')}"


def _path(location: Iterable[str | int]) -> str:
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path
