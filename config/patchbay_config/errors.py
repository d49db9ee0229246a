"""How a refused configuration is told to its writer."""

from collections.abc import Iterable, Iterator

from pydantic import ValidationError
from pydantic_core import ErrorDetails


class ConfigError(Exception):
    """A configuration that the program refuses: every field at fault, with the remedy."""


class FaultsError(ValueError):
    """For a model's validator: several fields at fault, each with the remedy; fields by their path in the model."""

    def __init__(self, found: Iterable[tuple[str, str]]) -> None:
        self.found = tuple(found)
        super().__init__("; ".join(f"{field}: {remedy}" for field, remedy in self.found))


def describe(prefix: str, error: ValidationError, *, missing: str) -> str:
    """One line for each field at fault; never a value, which may be a secret. `missing`: how to supply a field."""
    details = error.errors(include_input=False, include_url=False)
    return "\n".join(line for detail in details for line in _lines(prefix, detail, missing))


def _lines(prefix: str, detail: ErrorDetails, missing: str) -> Iterator[str]:
    field = prefix + _path(detail["loc"])
    faults = detail.get("ctx", {}).get("error")
    if isinstance(faults, FaultsError):
        yield from (f"{field}.{below}: {remedy}" for below, remedy in faults.found)
        return
    match detail["type"]:
        case "missing":
            yield f"{field}: missing; {missing}"
        case "extra_forbidden":
            yield f"{field}: unknown key; correct its spelling or remove it"
        case "string_type":
            # YAML takes 11.8 for a number, and 15:00 for another.
            yield f"{field}: not a text; put it in quotes where it looks like a number or a time"
        case _:
            yield f"{field}: {detail['msg'].removeprefix('Value error, ')}"


def _path(location: Iterable[str | int]) -> str:
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path
