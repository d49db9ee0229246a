"""Each shape of the catalogue: its pods, and what scales them."""

import pytest
from patchbay_runtime.catalog import CATALOG, Shape

from .conftest import Program

SHAPES = [pytest.param(shape, id=shape.name) for shape in CATALOG.values()]
NAMESPACE = "patchbay-runtime"


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_is_a_deployment_an_account_a_disruption_budget_and_a_scaled_object(
    program: Program, shape: Shape
) -> None:
    name = f"shape-{shape.name}"
    for kind in ("Deployment", "ServiceAccount", "PodDisruptionBudget", "ScaledObject"):
        assert program.one(kind, name).namespace == NAMESPACE


def test_nothing_but_the_catalogue_is_a_shape(program: Program) -> None:
    assert {item.object_name for item in program.of("ScaledObject")} == {f"shape-{name}" for name in CATALOG}
