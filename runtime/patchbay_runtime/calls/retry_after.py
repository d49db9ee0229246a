"""For how long a server asks to be left alone."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

_SECONDS: Final = re.compile(r"[0-9]{1,9}")
_LONGEST_DATE: Final = 64


def retry_after(value: str | None) -> float | None:
    """Seconds from a `Retry-After` header, a number or a date (RFC 9110 10.2.3); None for anything else."""
    text = (value or "").strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text[:_LONGEST_DATE]) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
