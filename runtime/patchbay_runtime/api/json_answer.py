"""Answers that hold values as their stored text."""

import json
from typing import Any

from fastapi import Response

from patchbay_runtime.steps.json_text import JsonText


class JsonAnswer(Response):
    """JSON in which each `JsonText` stands as it is: read, it would take up to thirty times the memory."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The answer's body."""
        parts: list[str] = []
        _write(content, parts)
        return "".join(parts).encode()


def _write(value: Any, parts: list[str]) -> None:
    if isinstance(value, JsonText):
        parts.append(value.text)
    elif isinstance(value, dict):
        for index, (name, item) in enumerate(value.items()):
            parts.append(f"{',' if index else '{'}{json.dumps(name, ensure_ascii=False)}:")
            _write(item, parts)
        parts.append("}" if value else "{}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            parts.append("," if index else "[")
            _write(item, parts)
        parts.append("]" if value else "[]")
    else:
        parts.append(json.dumps(value, ensure_ascii=False, allow_nan=False))
