"""Chooses the next step by conditions."""

from pydantic import Field

from patchbay_runtime.names import Name
from patchbay_runtime.steps.config import StepConfig
from patchbay_runtime.steps.expression import LONGEST_EVALUATION_SECONDS, Expression, as_condition
from patchbay_runtime.steps.json_text import NULL, JsonText
from patchbay_runtime.steps.outcome import Child, Context, Output
from patchbay_runtime.steps.shape import Shape

SHAPE = Shape(
    name="branch",
    description="Goes on at the step of the first case whose JSONata condition is true, else at the default.",
    max_pods=8,
    longest_step_seconds=LONGEST_EVALUATION_SECONDS,
)
LONG = True


class Case(StepConfig):
    """`when`: the condition; `next`: the step it leads to."""

    when: Expression
    next: Name


class Config(StepConfig):
    """`cases`, tried in order; `default`: the step where none holds, without which the path ends there."""

    cases: tuple[Case, ...] = Field(min_length=1, max_length=50)
    default: Name | None = None


def targets(config: Config) -> dict[tuple[str | int, ...], str]:
    """The steps it may lead to, by their place in the settings."""
    found: dict[tuple[str | int, ...], str] = {
        ("cases", index, "next"): case.next for index, case in enumerate(config.cases)
    }
    if config.default is not None:
        found[("default",)] = config.default
    return found


async def execute(payload: JsonText, config: Config, context: Context) -> Output:
    """Try the cases in order."""
    conditions = {f"cases[{index}].when": case.when for index, case in enumerate(config.cases)}
    values = await context.evaluate(conditions, payload, until_true=True)
    for case, value in zip(config.cases, values, strict=False):
        if as_condition(value):
            return Output(payload, (Child(case.next, payload),))
    if config.default is not None:
        return Output(payload, (Child(config.default, payload),))
    return Output(NULL, dropped=True)
