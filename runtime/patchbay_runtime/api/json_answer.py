"""Answers that hold values as their stored text."""

from typing import Any

from fastapi import Response

from patchbay_runtime.steps.json_text import with_texts


class JsonAnswer(Response):
    """JSON in which each `JsonText` stands as it is: read, it would take up to thirty times the memory."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The answer's body."""
        return with_texts(content).encode()
