"""The catalogue as the platform and the load tests read it."""

import subprocess
import sys

import pytest
from patchbay_runtime.catalog import CATALOG, Shape
from pydantic import ValidationError

HEAVY = {"alembic", "asyncmy", "fastapi", "httpx", "jsonata", "re2", "redis", "sqlalchemy", "uvicorn"}


def test_every_shape_is_listed_under_its_name() -> None:
    assert set(CATALOG) == {
        "http-trigger", "http-connector", "map", "filter", "split", "branch", "set-variables", "delay",
    }  # fmt: skip
    assert all(shape.name == name and shape.threshold == 8 for name, shape in CATALOG.items())


def test_it_needs_no_library_of_the_runtime() -> None:
    program = "import sys, patchbay_runtime.catalog; print(*{name.split('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.split()
    assert not HEAVY & set(loaded)


def test_it_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        CATALOG["map"].max_pods = 100


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("min_pods", 9, "must not exceed max_pods"),
        ("memory_request", "1Gi", "exceeds memory_limit"),
        ("cpu_limit", "10m", "exceeds cpu_limit"),
        ("memory_limit", "256MB", "memory_limit"),
        ("name", "Map", "name"),
    ],
)
def test_a_shape_with_bounds_that_cannot_hold_is_refused(field: str, value: object, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Shape.model_validate({"name": "x", "description": "an example", field: value})
