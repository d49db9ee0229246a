"""The flow document reference says what the runtime does."""

import json
import re
from pathlib import Path

from patchbay_runtime.catalog.reference import with_current_tables
from patchbay_runtime.flows.validation import check_flow

REFERENCE = Path(__file__).parents[2] / "docs" / "flows.md"


def test_the_tables_are_current() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    assert text == with_current_tables(text), "run: python -m patchbay_runtime.catalog.reference"


def test_the_example_is_a_flow_that_is_accepted() -> None:
    example = re.search(r"```json\n(.*?)```", REFERENCE.read_text(encoding="utf-8"), re.DOTALL)
    assert example is not None
    assert check_flow(json.loads(example[1])).name == "orders"
