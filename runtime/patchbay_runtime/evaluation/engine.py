"""JSONata within an evaluation process."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from jsonata.constants import Constants  # type: ignore[import-untyped]  # the package has no type information
from jsonata.jexception import JException  # type: ignore[import-untyped]  # likewise
from jsonata.jsonata import Jsonata  # type: ignore[import-untyped]  # likewise
from jsonata.timebox import Timebox  # type: ignore[import-untyped]  # likewise

from patchbay_runtime.evaluation.limits import LONGEST_STACK
from patchbay_runtime.evaluation.repairs import repair, set_time
from patchbay_runtime.steps.fault import StepFault
from patchbay_runtime.steps.regex import linear_regex

repair()

# What the library raises without a code.
_CODES: Final = {
    Constants.ERR_MSG_SEQUENCE_UNSUPPORTED: "D3130",
    Constants.ERR_MSG_DIFF_DECIMAL_GROUP: "D3131",
    Constants.ERR_MSG_UNKNOWN_COMPONENT_SPECIFIER: "D3132",
    Constants.ERR_MSG_INVALID_NAME_MODIFIER: "D3133",
    Constants.ERR_MSG_TIMEZONE_FORMAT: "D3134",
    Constants.ERR_MSG_NO_CLOSING_BRACKET: "D3135",
    Constants.ERR_MSG_MISSING_FORMAT: "D3136",
}
# The parts of a message that come from the expression; all others come from the data.
_OF_THE_EXPRESSION: Final = {"token", "index", "type", "function_name", "message"}


@lru_cache(maxsize=256)
def _compiled(expression: str) -> Any:
    return Jsonata(expression, linear_regex)


def evaluate(expression: str, payload: Any, variables: Mapping[str, Any], millis: int) -> Any:
    """The value of `expression` for `payload`; variables are bound as `$name`. Null where nothing matches.

    `millis` is the time for `$now()`, in milliseconds of Unix time.
    Raises MemoryError, or StepFault for any other fault.
    """
    set_time(millis)
    try:
        program = _compiled(expression)
        # The count of the depth starts when the bound is set.
        Timebox(program.environment, None, LONGEST_STACK)
        return _plain(program.evaluate(payload, variables))
    except (StepFault, MemoryError):
        raise
    except JException as error:
        _out_of_memory(error)
        raise StepFault("expression_failed", _message(error)) from None
    except RecursionError:
        raise StepFault("expression_failed", "the expression recurses too deeply") from None
    except Exception as error:
        _out_of_memory(error)
        if (code := _CODES.get(str(error))) is not None:
            raise StepFault("expression_failed", _message(JException(code, -1))) from None
        # The library leaks Python errors (TypeError, ...) for some ill-typed data; their text may quote the payload.
        raise StepFault("expression_failed", f"the expression cannot be evaluated ({type(error).__name__})") from None


def _message(error: Any) -> str:
    """JSONata's code and text, without what would quote the data."""
    arguments = iter((error.current, error.expected, error.extra))

    def filled(match: re.Match[str]) -> str:
        argument = next(arguments, None)
        return str(argument) if match[1] in _OF_THE_EXPRESSION and argument is not None else "(a value)"

    text = re.sub(r"\{{2,3}(\w+)\}{2,3}", filled, JException.error_codes.get(error.error, ""))
    place = f" (position {error.location})" if error.location >= 0 else ""
    return f"{error.error}: {text}{place}"


def _out_of_memory(error: BaseException) -> None:
    """The library makes other errors of some that it meets.

    Where an allocation is refused the interpreter itself raises SystemError now and then: it had no memory left to make
    the right one.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, MemoryError | SystemError):
            raise MemoryError from None  # noqa: TRY004 - it is the kind of an error that is asked for
        cause = cause.__context__


def _plain(value: Any) -> Any:
    """Plain lists and dicts instead of the library's own; functions are no JSON value."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    raise StepFault("expression_failed", "the expression gives a function where a JSON value is needed")
