"""What a pod asks of a node, and what a node offers."""

from typing import Annotated, NamedTuple

from patchbay_runtime.quantity import mebibytes, millicores, parse
from pydantic import AfterValidator


class Resources(NamedTuple):
    """What a pod requests or a node offers: thousandths of a core, MiB, places for pods."""

    cpu: int
    memory: int
    pods: int


def _checked(quantity: str) -> str:
    parse(quantity)
    return quantity


Quantity = Annotated[str, AfterValidator(_checked)]


def request(cpu: str, memory: str) -> Resources:
    """What one pod takes."""
    return Resources(cpu=millicores(cpu), memory=mebibytes(memory), pods=1)
