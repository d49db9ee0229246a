"""JSONata expressions: checked when a flow is registered, evaluated within bounds."""

import time
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, StringConstraints
from pydantic_core import PydanticCustomError

from patchbay_runtime.steps.fault import StepFault

if TYPE_CHECKING:
    from jsonata.jsonata import Jsonata  # type: ignore[import-untyped]  # the package has no type information

LONGEST_EXPRESSION = 10_000
# An evaluation holds up the other processes of its worker, and deliveries are repeated after 15 s of silence. Processor
# time: a worker that is held up itself, or a clock that is set, is no fault of the expression.
TIMEOUT_MILLISECONDS = 1000
# Depth of evaluation; each level takes a few Python frames, and the interpreter's own stack ends well above this.
LONGEST_STACK = 300


def _check(expression: str) -> str:
    from jsonata.jexception import JException  # type: ignore[import-untyped]  # noqa: PLC0415 - heavy, and the catalogue must not import it

    try:
        compiled(expression)
    except JException as error:
        raise PydanticCustomError(
            "jsonata",
            "not a valid JSONata expression: {reason} (position {position})",
            {"reason": str(error), "position": error.location},
        ) from None
    except RecursionError:
        raise PydanticCustomError("jsonata", "the JSONata expression is nested too deeply") from None
    except Exception as error:  # the parser leaks IndexError and the like on some broken input
        raise PydanticCustomError(
            "jsonata", "not a valid JSONata expression ({reason})", {"reason": type(error).__name__}
        ) from None
    return expression


Expression = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_EXPRESSION), AfterValidator(_check)]
"""A JSONata expression; text that does not parse is refused with the position of the error."""


@lru_cache(maxsize=2048)
def compiled(expression: str) -> "Jsonata":
    """The parsed expression, kept for the next evaluation."""
    from jsonata.jsonata import Jsonata  # noqa: PLC0415 - heavy, and the catalogue must not import it

    from patchbay_runtime.steps.regex import linear_regex  # noqa: PLC0415

    return Jsonata(expression, linear_regex)


def evaluate(expression: str, payload: Any, variables: Mapping[str, Any]) -> Any:
    """The value of `expression` for `payload`; variables are bound as `$name`. Null where nothing matches."""
    from jsonata.jexception import JException  # noqa: PLC0415 - heavy, and the catalogue must not import it

    program = compiled(expression)
    # The clock of the bounds starts when they are set.
    _timebox()(program.environment, TIMEOUT_MILLISECONDS, LONGEST_STACK)
    try:
        return _plain(program.evaluate(payload, variables))
    except StepFault:
        raise
    except JException as error:
        raise StepFault("expression_failed", f"{error} (position {error.location})") from None
    except RecursionError:
        raise StepFault("expression_failed", "the expression recurses too deeply") from None
    except Exception as error:
        # The library leaks Python errors (TypeError, ...) for some ill-typed data; their text may quote the payload.
        raise StepFault("expression_failed", f"the expression cannot be evaluated ({type(error).__name__})") from None


@cache
def _timebox() -> type:
    """The library's bounds, but by the processor time of the thread, in which an evaluation stays."""
    from jsonata.jexception import JException  # noqa: PLC0415 - heavy, and the catalogue must not import it
    from jsonata.timebox import Timebox  # type: ignore[import-untyped]  # noqa: PLC0415 - as above

    class ProcessorTimebox(Timebox):  # type: ignore[misc]  # the package has no type information
        def __init__(self, environment: Any, milliseconds: int, depth: int) -> None:
            super().__init__(environment, None, depth)
            self._milliseconds = milliseconds
            self._ends_at = time.thread_time() + milliseconds / 1000

        def check_runaway(self) -> None:
            super().check_runaway()
            if time.thread_time() > self._ends_at:
                raise JException("D1012", -1, self._milliseconds)

    return ProcessorTimebox


def _plain(value: Any) -> Any:
    """Plain lists and dicts instead of the library's own; functions are no JSON value."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    raise StepFault("expression_failed", "the expression gives a function where a JSON value is needed")


def evaluate_condition(expression: str, payload: Any, variables: Mapping[str, Any]) -> bool:
    """Whether `expression` is true for `payload`; anything but true or false (or nothing) is a fault."""
    value = evaluate(expression, payload, variables)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise StepFault("not_a_condition", f"the condition gives a {type(value).__name__}, not true or false")
    return value
