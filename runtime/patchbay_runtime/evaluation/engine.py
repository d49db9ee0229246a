"""JSONata within an evaluation process."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from jsonata.jexception import JException  # type: ignore[import-untyped]  # the package has no type information
from jsonata.jsonata import Jsonata  # type: ignore[import-untyped]  # likewise
from jsonata.timebox import Timebox  # type: ignore[import-untyped]  # likewise

from patchbay_runtime.evaluation.limits import LONGEST_STACK
from patchbay_runtime.steps.fault import StepFault
from patchbay_runtime.steps.regex import linear_regex


@lru_cache(maxsize=256)
def _compiled(expression: str) -> Any:
    return Jsonata(expression, linear_regex)


def evaluate(expression: str, payload: Any, variables: Mapping[str, Any]) -> Any:
    """The value of `expression` for `payload`; variables are bound as `$name`. Null where nothing matches.

    Raises MemoryError, or StepFault for any other fault.
    """
    try:
        program = _compiled(expression)
        # The count of the depth starts when the bound is set.
        Timebox(program.environment, None, LONGEST_STACK)
        return _plain(program.evaluate(payload, variables))
    except (StepFault, MemoryError):
        raise
    except JException as error:
        _out_of_memory(error)
        raise StepFault("expression_failed", f"{error} (position {error.location})") from None
    except RecursionError:
        raise StepFault("expression_failed", "the expression recurses too deeply") from None
    except Exception as error:
        _out_of_memory(error)
        # The library leaks Python errors (TypeError, ...) for some ill-typed data; their text may quote the payload.
        raise StepFault("expression_failed", f"the expression cannot be evaluated ({type(error).__name__})") from None


def _out_of_memory(error: BaseException) -> None:
    """The library makes other errors of some that it meets."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, MemoryError):
            raise cause from None
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
