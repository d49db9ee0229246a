"""Kubernetes' quantities: `250m` of a core, `96Mi` of memory, `1e3`.

The grammar is that of `resource.Quantity` in k8s.io/apimachinery: an optional sign, digits with at most one point, and
a binary suffix, a decimal suffix or a decimal exponent. This module imports the standard library only, and nothing
else in the repository reads quantities.
"""

import re
from decimal import Decimal
from functools import lru_cache
from math import ceil
from typing import Final

MIB: Final = 2**20
_EXPONENTS: Final = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_FACTORS: Final = {
    "": Decimal(1),
    **{suffix: Decimal(10) ** exponent for suffix, exponent in _EXPONENTS.items()},
    **{f"{letter}i": Decimal(1024) ** power for power, letter in enumerate("KMGTPE", start=1)},
}
_NUMBER: Final = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)"
# No amount of anything needs a longer exponent, and some would fill the memory.
_FORM: Final = re.compile(
    rf"(?P<number>{_NUMBER})(?:(?P<suffix>[KMGTPE]i|[numkMGTPE])|[eE](?P<exponent>[+-]?[0-9]{{1,3}}))?"
)


@lru_cache(maxsize=4096)
def parse(text: str) -> Decimal:
    """In cores, bytes or pieces. ValueError names what is no quantity."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no quantity; write it like 50m, 2 or 96Mi")
    return Decimal(found["number"]).scaleb(int(found["exponent"] or 0)) * _FACTORS[found["suffix"] or ""]


def millicores(text: str) -> int:
    """Thousandths of a core, rounded up as the scheduler does."""
    return ceil(parse(text) * 1000)


def mebibytes(text: str) -> int:
    """MiB, rounded up."""
    return ceil(parse(text) / MIB)
