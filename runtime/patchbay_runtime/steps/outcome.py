"""What the execution of a step leads to."""

from dataclasses import dataclass

from patchbay_runtime.steps.addresses import Addresses
from patchbay_runtime.steps.expression import Evaluation
from patchbay_runtime.steps.json_text import NO_VARIABLES, JsonText


@dataclass(frozen=True, slots=True)
class Context:
    """What a step may know besides its payload."""

    tenant: str
    flow: str
    run: str
    process: str
    step: str
    # The step's `next`; shapes that route by themselves ignore it.
    next: str | None
    # Evaluates the step's expressions.
    evaluate: Evaluation
    # Gives what the step may connect to.
    addresses: Addresses
    variables: JsonText = NO_VARIABLES
    # The process has been postponed before, and its time has come.
    postponed: bool = False


@dataclass(frozen=True, slots=True)
class Child:
    """A process to create at `step`."""

    step: str
    payload: JsonText
    # Its place among the elements of a split; None keeps the parent's.
    element: int | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """A finished execution: what it gave, and the processes that follow; none ends this path of the run."""

    payload: JsonText
    children: tuple[Child, ...] = ()
    # None keeps the variables as they are.
    variables: JsonText | None = None
    # The path ends without a result, for example at a filter.
    dropped: bool = False


@dataclass(frozen=True, slots=True)
class Postponed:
    """Not finished: execute again after `seconds`, without holding a worker's slot until then."""

    seconds: float


def onward(payload: JsonText, context: Context) -> Output:
    """The common outcome: the payload goes on to the step's `next`, or ends the path."""
    return Output(payload, (Child(context.next, payload),) if context.next else ())
