"""What every file that a command is given shares: how it is read, and how it is refused."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

_Model = TypeVar("_Model", bound=BaseModel)


class InputError(Exception):
    """A file that cannot be used: one line for each field at fault, with the remedy."""


class Input(BaseModel):
    """A part of a file: camelCase keys, none unknown."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True
    )


def read_yaml(path: Path) -> Any:
    """InputError where there is no such file, or it is no YAML."""
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; name a file that is there") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise InputError(f"{path}{where}: not YAML; correct it there") from error


def validated(model: type[_Model], document: Any, *, source: str) -> _Model:
    """The document as a model. `source`: the file, and the place in it, for the messages."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise InputError("\n".join(_lines(source, error))) from None


def _lines(source: str, error: ValidationError) -> Iterable[str]:
    for detail in error.errors(include_input=False, include_url=False):
        field = ".".join(str(part) for part in detail["loc"])
        where = f"{source}: {field}" if field else source
        match detail["type"]:
            case "missing":
                yield f"{where}: missing; add it"
            case "extra_forbidden":
                yield f"{where}: unknown key; correct its spelling or remove it"
            case _:
                yield f"{where}: {detail['msg'].removeprefix('Value error, ')}"
