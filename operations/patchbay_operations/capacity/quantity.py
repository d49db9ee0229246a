"""Kubernetes' quantities, and what a pod asks of a node."""

import re
from typing import Annotated, NamedTuple

from pydantic import AfterValidator

_QUANTITY = re.compile(r"^([0-9]+(?:\.[0-9]+)?)(m|Ki|Mi|Gi|Ti)?$")
_FACTORS = {"": 1.0, "m": 0.001, "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40}
MIB = 2**20


class Resources(NamedTuple):
    """What a pod requests or a node offers: thousandths of a core, MiB, places for pods."""

    cpu: int
    memory: int
    pods: int


def parse(quantity: str) -> float:
    """A quantity such as `50m`, `2` or `96Mi` in cores or bytes; ValueError for anything else."""
    match = _QUANTITY.match(quantity)
    if match is None:
        raise ValueError(f"{quantity!r} is no quantity; write it like 50m, 2 or 96Mi")
    return float(match[1]) * _FACTORS[match[2] or ""]


def _checked(quantity: str) -> str:
    parse(quantity)
    return quantity


Quantity = Annotated[str, AfterValidator(_checked)]


def request(cpu: str, memory: str) -> Resources:
    """What one pod takes."""
    return Resources(cpu=round(parse(cpu) * 1000), memory=-(-round(parse(memory)) // MIB), pods=1)
