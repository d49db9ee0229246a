"""A value that is kept as its JSON text."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class JsonText:
    """What a step hands on without holding it: a value takes up to thirty times the memory of its text."""

    text: str
