"""The reference of access says what the runtime does."""

from pathlib import Path

from patchbay_runtime.api.reference import with_current_table
from patchbay_runtime.rights.operations import Operation

REFERENCE = Path(__file__).parents[2] / "docs" / "access.md"


def test_the_table_of_operations_is_current() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    assert text == with_current_table(text), "run: python -m patchbay_runtime.api.reference"
    assert all(f"| `{operation}` | `" in text for operation in Operation)
