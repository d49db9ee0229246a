"""Roles and operations as the table in `docs/access.md`: `python -m patchbay_runtime.api.reference [FILE]`."""

import re
import sys
from collections import defaultdict
from pathlib import Path

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from patchbay_runtime.api.app import add_routes
from patchbay_runtime.api.guard import Guard, declared
from patchbay_runtime.rights.operations import Operation
from patchbay_runtime.rights.roles import OPERATIONS

_MARKED = re.compile(r"(<!-- operations: begin -->\n).*?(<!-- operations: end -->)", re.DOTALL)


def operation_table() -> str:
    """One row per operation: its requests, and which roles have it."""
    requests = _requests()
    rows = [
        f"| operation | requests | {' | '.join(OPERATIONS)} |",
        f"| --- | --- | {' | '.join('---' for _ in OPERATIONS)} |",
    ]
    for operation in Operation:
        cells = ["yes" if operation in operations else "-" for operations in OPERATIONS.values()]
        rows.append(f"| `{operation}` | {', '.join(requests[operation])} | {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def with_current_table(text: str) -> str:
    """The reference's text with its table made anew."""
    return _MARKED.sub(lambda match: match[1] + operation_table() + match[2], text)


def _requests() -> dict[Operation, list[str]]:
    """Of each operation, as the application's routes declare them."""
    app = FastAPI()
    add_routes(app)
    found: dict[Operation, list[str]] = defaultdict(list)
    for route in iter_route_contexts(app.routes):
        for guard in declared(getattr(route, "dependencies", None) or []):
            if isinstance(guard, Guard):
                found[guard.operation] += [f"`{method} {route.path}`" for method in sorted(route.methods or ())]
    return found


if __name__ == "__main__":
    reference = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/access.md")
    reference.write_text(with_current_table(reference.read_text(encoding="utf-8")), encoding="utf-8")
