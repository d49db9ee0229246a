"""Patterns of IAM: `*` is any text, `?` any character, `${...}` what the request makes of it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
"""

import re
from functools import cache
from typing import Final

_OPEN: Final = re.compile(r"[*?]|\$\{")


def is_open(pattern: str) -> bool:
    """Whether more than one text can match, or one that the caller has a say in."""
    return bool(_OPEN.search(pattern))


def beginning(pattern: str) -> str:
    """What every text that matches begins with."""
    return _OPEN.split(pattern, maxsplit=1)[0]


def matches(pattern: str, text: str) -> bool:
    """Whether a pattern of actions or ARNs takes in a text; actions know no case, and neither does this."""
    return bool(_expression(pattern).fullmatch(text))


@cache
def _expression(pattern: str) -> "re.Pattern[str]":
    parts = {"*": ".*", "?": "."}
    return re.compile("".join(parts.get(part, re.escape(part)) for part in pattern), re.IGNORECASE | re.DOTALL)
