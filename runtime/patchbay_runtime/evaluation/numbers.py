"""Numbers as JSONata has them, and integers that keep their digits.

JSONata's numbers are doubles, and `$string` gives 15 digits of them: identifiers of 16 digits and more would be changed
without a word. Here an integer stays what it is wherever nothing is computed, and a computation that would lose its
digits is a fault. See https://docs.jsonata.org/numeric-operators and https://docs.jsonata.org/string-functions#string.
"""

import math
import operator
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

from jsonata.jexception import JException  # type: ignore[import-untyped]  # the package has no type information

from patchbay_runtime.steps.fault import StepFault
from patchbay_runtime.steps.syntax import is_double

_OPERATORS: Final[Mapping[str, Callable[[float, float], float]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": math.fmod,
}
_INTEGER: Final = re.compile(r"-?(0|[1-9][0-9]*)")
_LONGEST_INTEGER: Final = 1000
_SIGNIFICANT_DIGITS: Final = 15
# Beyond these JavaScript, and so JSONata, writes an exponent.
_LEAST_PLAIN: Final = 1e-6
_MOST_PLAIN: Final = 1e21


def exact(number: float) -> float:
    """The number, if arithmetic keeps its digits."""
    if isinstance(number, int) and not is_double(number):
        raise StepFault(
            "integer_too_large",
            "JSONata computes with 53 bits, which would change the digits of an integer beyond 2^53;"
            " pass it on as it is or join it to text",
        )
    return number


def computed(left: float, right: float, symbol: str) -> float:
    """The value of `left symbol right`; D1001 where there is none."""
    try:
        value = _OPERATORS[symbol](exact(left), exact(right))
        if isinstance(value, int) and abs(value) < _MOST_PLAIN:
            return exact(value)
        return plain(float(value))
    except (ArithmeticError, ValueError):
        raise JException("D1001", -1) from None


def plain(number: float) -> float:
    """An integer where the number is one and JSONata writes it so; D1001 for infinities and what is no number."""
    if isinstance(number, int):
        return number
    if not math.isfinite(number):
        raise JException("D1001", -1)
    return int(number) if number.is_integer() and abs(number) < _MOST_PLAIN else number


def rounded(number: float, precision: int | None) -> float:
    """To the even neighbour where both are equally near."""
    if isinstance(number, int) and (precision or 0) >= 0:
        return number
    return plain(float(round(Decimal(str(exact(number))), precision or 0)))


def power(base: float, exponent: float) -> float:
    """D3061 where the value is no number."""
    try:
        value = float(exact(base)) ** float(exact(exponent))
    except ArithmeticError:
        value = math.inf
    if isinstance(value, complex) or not math.isfinite(value):
        raise JException("D3061", -1)
    return plain(value)


def parsed(text: str) -> float:
    """The number that a text holds; D3030 for any other text."""
    if len(text) <= _LONGEST_INTEGER and _INTEGER.fullmatch(text):
        return int(text)
    try:
        if text[:2] in {"0x", "0X", "0b", "0B", "0o", "0O"} and "_" not in text:
            return int(text, 0)
        if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?([Ee][-+]?[0-9]+)?", text) and math.isfinite(float(text)):
            return plain(float(text))
    except ValueError:
        pass
    raise JException("D3030", -1)


def written(number: float) -> str:
    """The text of a number: all digits of an integer, 15 of any other."""
    if isinstance(number, int):
        return str(number)
    if not math.isfinite(number):
        raise JException("D3001", -1)
    if not number.is_integer():
        number = float(f"{number:.{_SIGNIFICANT_DIGITS}g}")
    if number == 0:
        return "0"
    if _LEAST_PLAIN <= abs(number) < _MOST_PLAIN:
        text = f"{Decimal(repr(number)):f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    mantissa, _, exponent = repr(number).partition("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent):+d}"
