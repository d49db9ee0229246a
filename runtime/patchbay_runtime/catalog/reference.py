"""The catalogue as the table in the flow document reference: `python -m patchbay_runtime.catalog.reference [FILE]`."""

import re
import sys
from pathlib import Path
from typing import Any

from pydantic_core import PydanticUndefined

from patchbay_runtime.catalog import CATALOG
from patchbay_runtime.steps.implementation import implementation

_MARKED = re.compile(r"(<!-- shapes: begin -->\n).*?(<!-- shapes: end -->)", re.DOTALL)


def shape_table() -> str:
    """One row per shape: what it does, its settings with their defaults, its most pods."""
    rows = ["| shape | what it does | config | pods |", "| --- | --- | --- | --- |"]
    for shape in CATALOG.values():
        fields = implementation(shape.name).config.model_fields.items()
        settings = ", ".join(_setting(name, field) for name, field in fields) or "-"
        rows.append(f"| `{shape.name}` | {shape.description} | {settings} | {shape.min_pods} to {shape.max_pods} |")
    return "\n".join(rows) + "\n"


def with_current_table(text: str) -> str:
    """The reference's text with its table made anew."""
    return _MARKED.sub(lambda match: match[1] + shape_table() + match[2], text)


def _setting(name: str, field: Any) -> str:
    if field.is_required():
        return f"`{name}` (required)"
    default = field.default
    if default is PydanticUndefined or default is None:
        return f"`{name}`"
    return f"`{name}` ({default})"


if __name__ == "__main__":
    reference = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/flows.md")
    reference.write_text(with_current_table(reference.read_text(encoding="utf-8")), encoding="utf-8")
