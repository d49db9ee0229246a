"""What the ids of a test's orders begin with, in each process of Locust."""

import re
import uuid
from typing import Final

_PREFIX: Final = re.compile("locust-[0-9a-f]{12}(?=-)")


def new_prefix() -> str:
    """One that no other test and no other process has."""
    return f"locust-{uuid.uuid4().hex[:12]}"


def prefix_of(text: str) -> str | None:
    """The prefix of an order's id or business key; None where no test of Locust gave it."""
    found = _PREFIX.match(text)
    return found and found[0]
