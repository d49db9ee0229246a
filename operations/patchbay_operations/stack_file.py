"""`Pulumi.<stack>.yaml` as every command of operations reads it; each has models of its own for what matters to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self, TypeVar

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from patchbay_operations.inputs import InputError, read_yaml, validated

INFRA: Final = "patchbay:infra"
PLATFORM: Final = "patchbay:platform"
# What `make` hands on where STACK is empty.
_NO_STACK: Final = "Pulumi..yaml"


class PartOfStack(BaseModel):
    """A part of a stack file of which only some keys matter here; the program itself checks the whole."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True
    )


_Part = TypeVar("_Part", bound=PartOfStack)


@dataclass(frozen=True)
class StackFile:
    """A stack's file, and what it holds."""

    path: Path
    document: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path) -> Self:
        """InputError where there is no such file, or it is no stack's of this program."""
        if path.name == _NO_STACK:
            raise InputError("STACK: no stack is named; give it as STACK=NAME, with a file Pulumi.NAME.yaml")
        document = read_yaml(path)
        config = document.get("config") if isinstance(document, Mapping) else None
        if not isinstance(config, Mapping) or INFRA not in config:
            raise InputError(f"{path}: config.{INFRA}: missing; name a stack's file, Pulumi.<stack>.yaml")
        return cls(path, document)

    @property
    def stack(self) -> str:
        return stack_of(self.path)

    def infra(self, model: type[_Part]) -> _Part:
        """The environment's AWS. InputError, which names each field at fault and the remedy."""
        return self._part(INFRA, model)

    def platform(self, model: type[_Part]) -> _Part:
        """What runs on its clusters. InputError, which names each field at fault and the remedy."""
        return self._part(PLATFORM, model)

    def _part(self, key: str, model: type[_Part]) -> _Part:
        return validated(model, self.document["config"].get(key) or {}, source=f"{self.path}: {key}")


def stack_of(path: Path) -> str:
    """`Pulumi.dev.yaml` is the stack `dev`."""
    return path.stem.removeprefix("Pulumi.")


def other_account(wanted: str, account: str) -> tuple[str, str, str] | None:
    """Field, problem and remedy, where the login's `account` is not the one that the file names."""
    if account == wanted:
        return None
    problem = f"is {wanted}, and you are logged in to {account}"
    return f"{INFRA}.aws.accountId", problem, "log in to the stack's account, or correct the field"
