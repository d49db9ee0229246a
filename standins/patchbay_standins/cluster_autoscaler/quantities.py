"""Kubernetes quantities (`250m`, `2Gi`, `1e3`) as integers.

CPU counts in thousandths of a core, everything else in units (bytes, pods), rounded up as the scheduler does.
"""

import math
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Final

_SUFFIXES: Final = {
    **{suffix: Decimal(1024) ** power for power, suffix in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), start=1)},
    **{suffix: Decimal(1000) ** power for power, suffix in enumerate(("k", "M", "G", "T", "P", "E"), start=1)},
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
}


@lru_cache(maxsize=4096)
def amount(resource: str, text: str) -> int:
    """How much of a resource a quantity is. ValueError where it is none."""
    scale = 1000 if resource == "cpu" else 1
    return math.ceil(_decimal(text) * scale)


def _decimal(text: str) -> Decimal:
    for suffix, factor in _SUFFIXES.items():
        if text.endswith(suffix):
            number, factor_of_number = text.removesuffix(suffix), factor
            break
    else:
        number, factor_of_number = text, Decimal(1)
    try:
        return Decimal(number) * factor_of_number
    except InvalidOperation:
        raise ValueError(f"{text!r} is no quantity") from None
