"""Where the library departs from JSONata, and where it would lose digits of integers. For evaluation processes only."""

import json
import math
from collections.abc import Callable
from typing import Any, Final

from jsonata.functions import Functions  # type: ignore[import-untyped]  # the package has no type information
from jsonata.jexception import JException  # type: ignore[import-untyped]  # likewise
from jsonata.jsonata import Jsonata  # type: ignore[import-untyped]  # likewise
from jsonata.parser import Parser  # type: ignore[import-untyped]  # likewise
from jsonata.utils import Utils  # type: ignore[import-untyped]  # likewise

from patchbay_runtime.evaluation import numbers

_negated_or: Final = Jsonata.evaluate_unary
_millis_of: Final = Functions.datetime_to_millis
_sorted: Final = Functions.sort
_number_of: Final = Functions.number

_step_millis = 0


def set_time(millis: int) -> None:
    """The time that `$now()` and `$millis()` give from here on, in milliseconds of Unix time."""
    global _step_millis  # noqa: PLW0603 - the library's functions get no context
    _step_millis = millis


def repair() -> None:
    """Put the functions of this module in the place of the library's."""
    Utils.convert_number = staticmethod(_plain)
    Jsonata.evaluate_numeric_expression = _arithmetic
    Jsonata.evaluate_unary = _unary
    Functions._string = staticmethod(_string)
    for name, signature, implementation in (
        ("now", "<s?s?:s>", _now),
        ("millis", "<:n>", _millis),
        ("number", "<(nsb)-:n>", _number),
        ("power", "<n-n:n>", _power),
        ("round", "<n-n?:n>", _round),
        ("floor", "<n-:n>", _whole(math.floor)),
        ("ceil", "<n-:n>", _whole(math.ceil)),
        ("average", "<a<n>:n>", _average),
        ("sqrt", "<n-:n>", _sqrt),
        ("sort", "<af?:a>", _sort),
        ("toMillis", "<s-s?:n>", _to_millis),
    ):
        method = {"toMillis": "datetime_to_millis"}.get(name, name)
        setattr(Functions, method, staticmethod(implementation))
        Jsonata.define_function(name, signature, method)


def _plain(number: Any) -> Any:
    return numbers.plain(number) if Utils.is_numeric(number) else None


def _arithmetic(_: Any, left: Any, right: Any, operator: str) -> Any:
    for value, code in ((left, "T2001"), (right, "T2002")):
        if value is not None and not Utils.is_numeric(value):
            raise JException(code, -1, operator, value)
    return None if left is None or right is None else numbers.computed(left, right, operator)


def _unary(self: Any, expression: Any, given: Any, environment: Any) -> Any:
    if str(expression.value) != "-":
        return _negated_or(self, expression, given, environment)
    value = self.eval(expression.expression, given, environment)
    if value is None:
        return None
    if not Utils.is_numeric(value):
        raise JException("D1002", expression.position, expression.value, value)
    return numbers.plain(-value)


def _string(value: Any, pretty: bool) -> str:
    return "" if _is_function(value) else _json(value, "\n" if pretty else "")


def _json(value: Any, line: str) -> str:
    """The JSON text; `line` is empty, or what a line begins with."""
    if value is None or value is Utils.NULL_VALUE:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return numbers.written(value)
    inner = line and f"{line}  "
    if isinstance(value, dict):
        space = " " if line else ""
        items = [f"{_json(str(key), '')}:{space}{_json(item, inner)}" for key, item in value.items()]
        return f"{{{inner}{f',{inner}'.join(items)}{line}}}" if items else "{}"
    if isinstance(value, list):
        items = [_json(item, inner) for item in value]
        return f"[{inner}{f',{inner}'.join(items)}{line}]" if items else "[]"
    return '""' if _is_function(value) else json.dumps(value, ensure_ascii=False)


def _is_function(value: Any) -> bool:
    return isinstance(value, Jsonata.JFunctionCallable | Parser.Symbol)


def _now(picture: str | None, timezone: str | None) -> Any:
    return Functions.datetime_from_millis(_step_millis, picture, timezone)


def _millis() -> int:
    return _step_millis


def _number(value: Any) -> Any:
    return numbers.parsed(value) if isinstance(value, str) else _number_of(value)


def _power(base: Any, exponent: Any) -> Any:
    return None if base is None or exponent is None else numbers.power(base, exponent)


def _round(value: Any, precision: Any) -> Any:
    return None if value is None else numbers.rounded(value, None if precision is None else int(precision))


def _whole(towards: Callable[[float], int]) -> Callable[[Any], Any]:
    def whole(value: Any) -> Any:
        return value if value is None or isinstance(value, int) else towards(value)

    return whole


def _sqrt(value: Any) -> Any:
    if value is None:
        return None
    if value < 0:
        raise JException("D3060", -1, value)
    return math.sqrt(numbers.exact(value))


def _average(values: Any) -> Any:
    return numbers.computed(sum(values), len(values), "/") if values else None


def _sort(values: Any, comparator: Any) -> Any:
    try:
        return _sorted(values, comparator)
    except TypeError:
        if comparator is None:
            raise JException("D3070", -1) from None
        raise


def _to_millis(text: Any, picture: Any) -> Any:
    try:
        return _millis_of(text, picture)
    except (ValueError, OverflowError):
        raise JException("D3110", -1) from None
