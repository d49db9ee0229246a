"""Durations as Go writes them: `10m`, `1h30m`, `500ms`, `0`."""

import re
from typing import Annotated, Final

Seconds = Annotated[float, "seconds, written as a duration"]

_UNITS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART: Final = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)")


def parse(text: str) -> Seconds:
    """Seconds. ValueError for what Go would refuse."""
    unsigned = text.removeprefix("-").removeprefix("+")
    if unsigned == "0":
        return 0.0
    parts = list(_PART.finditer(unsigned))
    if not parts or "".join(part[0] for part in parts) != unsigned:
        raise ValueError(f"{text!r} is no duration: write it like 30s, 10m or 1h30m")
    seconds = sum(float(part[1]) * _UNITS[part[2]] for part in parts)
    return -seconds if text.startswith("-") else seconds
