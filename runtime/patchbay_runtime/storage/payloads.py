"""JSON values in text columns."""

import json
from typing import Any

from patchbay_runtime.steps.json_text import JsonText

LARGEST_PAYLOAD_BYTES = 2**20
LARGEST_VARIABLES_BYTES = 64 * 1024


class TooLargeError(ValueError):
    """A value whose JSON text exceeds its limit."""


def encode(value: Any, limit: int = LARGEST_PAYLOAD_BYTES) -> str:
    """The JSON text of a value of at most `limit` bytes; NaN and infinities, which JSON lacks, are refused."""
    if isinstance(value, JsonText):
        text = value.text
    else:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    if len(text) > limit or len(text.encode()) > limit:
        raise TooLargeError(f"the JSON text exceeds {limit} bytes")
    return text


def decode(text: str | None) -> Any:
    """The value of a column; an empty column is null."""
    return None if text is None else json.loads(text)
