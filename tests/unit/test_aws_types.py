"""Every AWS type of every stack is known in each place that needs it: docs/aws-resources.md lists them."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

import pytest
from patchbay_operations.recovery.finders import FINDERS, REPEATABLE
from patchbay_standins.pulumi_plugins.aws_provider.rows import TABLE

from tests.policy.recorded import recorded
from tests.schemas.exceptions import UNHELD
from tests.schemas.placements import PLACEMENTS
from tests.unit.infra.delivery_schemas import ADMINISTRATORS, TYPES

REPOSITORY: Final = Path(__file__).resolve().parents[2]
PROVIDER: Final = "pulumi:providers:aws"
PLACES: Final[Mapping[str, Collection[str]]] = {
    "tests/schemas/placements/": {*PLACEMENTS, *(one.type for one in UNHELD if one.property == "*")},
    "standins/patchbay_standins/pulumi_plugins/aws_provider/rows/": set(TABLE),
    "tests/unit/infra/delivery_schemas.py": {*(one for kinds in TYPES.values() for one in kinds), *ADMINISTRATORS},
    "operations/patchbay_operations/recovery/finders/": {*FINDERS, *REPEATABLE},
}


@pytest.fixture(scope="module")
def types() -> set[str]:
    """Of all stacks, as the engine names them."""
    stacks = [file.suffixes[0].removeprefix(".") for file in REPOSITORY.glob("Pulumi.*.yaml")]
    assert len(stacks) >= 4
    found = {one.type for stack in stacks for one in recorded(stack)[1]}
    return {kind for kind in found if kind.startswith("aws:")}


@pytest.mark.parametrize("place", PLACES)
def test_a_place_knows_every_type(place: str, types: set[str]) -> None:
    known = {name if name.startswith("aws:") else f"aws:{name}:{_resource(name)}" for name in PLACES[place]}
    assert not types - known, f"add them to {place}"


@pytest.mark.parametrize("place", PLACES)
def test_the_guide_names_the_place(place: str) -> None:
    assert f"`{place}`" in (REPOSITORY / "docs/aws-resources.md").read_text()


def _resource(name: str) -> str:
    last = name.rpartition("/")[2]
    return last[0].upper() + last[1:]
