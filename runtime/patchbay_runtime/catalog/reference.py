"""The tables in the flow document reference: `python -m patchbay_runtime.catalog.reference [FILE]`."""

import json
import re
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from patchbay_runtime.catalog import CATALOG
from patchbay_runtime.steps.implementation import implementation
from patchbay_runtime.steps.webhook_access import KINDS, SIGNATURES

_MARKED = re.compile(r"(<!-- (shapes|access): begin -->\n).*?(<!-- \2: end -->)", re.DOTALL)


def shape_table() -> str:
    """One row per shape: what it does, its settings with their defaults, its most pods."""
    rows = ["| shape | what it does | config | pods |", "| --- | --- | --- | --- |"]
    for shape in CATALOG.values():
        settings = _settings(implementation(shape.name).config)
        rows.append(f"| `{shape.name}` | {shape.description} | {settings} | {shape.min_pods} to {shape.max_pods} |")
    return "\n".join(rows) + "\n"


def access_table() -> str:
    """One row per way to know the senders of a webhook: what they show, and the settings."""
    rows = ["| `access` | what the sender shows | further settings |", "| --- | --- | --- |"]
    for kind, model in KINDS.items():
        rows.append(f"| `{json.dumps({'kind': kind})}` | {model.told} | {_settings(model, {'kind'})} |")
    for style, signature in SIGNATURES.items():
        settings = _settings(signature, {"kind", "style"})
        rows.append(f"| `{json.dumps({'kind': 'hmac', 'style': style})}` | {signature.told} | {settings} |")
    return "\n".join(rows) + "\n"


def with_current_tables(text: str) -> str:
    """The reference's text with its tables made anew."""
    tables = {"shapes": shape_table, "access": access_table}
    return _MARKED.sub(lambda match: match[1] + tables[match[2]]() + match[3], text)


def _settings(model: type[BaseModel], known: Collection[str] = ()) -> str:
    fields = model.model_fields.items()
    return ", ".join(_setting(name, field) for name, field in fields if name not in known) or "-"


def _setting(name: str, field: Any) -> str:
    if field.is_required():
        return f"`{name}` (required)"
    default = field.default
    if default is PydanticUndefined or default is None:
        return f"`{name}`"
    if isinstance(default, BaseModel):
        default = f"`{json.dumps(default.model_dump())}`"
    return f"`{name}` ({default})" if default != "" else f"`{name}`"


if __name__ == "__main__":
    reference = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/flows.md")
    reference.write_text(with_current_tables(reference.read_text(encoding="utf-8")), encoding="utf-8")
