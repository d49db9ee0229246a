"""Why roles have rights that no first deployment uses: the reviewed table, and records of calls held to it."""

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, RootModel, model_validator

from patchbay_operations.inputs import Input, read_yaml, validated
from patchbay_operations.permissions.judgement import Given

TABLE: Final = Path(__file__).parent / "native" / "reasons.yaml"
# In a reason's `source`: the schemas of CloudFormation, which name the actions that a type's handlers call.
SCHEMAS: Final = "schemas"


class Reason(Input):
    """Rights that are there for one purpose.

    `rights`: each `ACTION`, or `ACTION on PATTERN` where a role has the action on several kinds of resources; the
    pattern is of one of them. `why`: in words. `source`: where it is written that a call of this kind is made, for what
    no test makes; `schemas`: in CloudFormation's. `stacks`: those whose first deployment uses them. `tests`: those that
    use them, with their parameters. `only`: the stacks whose config gives them at all; empty: every stack.
    """

    purpose: str
    why: str
    source: str = ""
    stacks: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    rights: Annotated[tuple[str, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _told(self) -> "Reason":
        if not (self.source or self.stacks or self.tests):
            raise ValueError("used by no stack and no test; name the source that asks for the rights")
        return self

    def holds_for(self, stack: str) -> bool:
        """Whether the stack has the rights, and does not use them when it is made."""
        return stack not in self.stacks and (not self.only or stack in self.only)


class _Table(RootModel[Mapping[str, tuple[Reason, ...]]]):
    """By the end of the roles' names."""


@functools.cache
def load_reasons(role: str) -> Sequence[Reason]:
    """Of the role with a name that ends so. InputError where the table is not well-formed."""
    return validated(_Table, read_yaml(TABLE), source=str(TABLE)).root.get(role, ())


def actions(reason: Reason) -> Iterator[str]:
    """Without the resources."""
    return (right.partition(" on ")[0] for right in reason.rights)


def purpose(reasons: Iterable[Reason], given: Given) -> str:
    """Of the reason that names the right; empty where none does."""
    named = (one.purpose for one in reasons if any(_means(right, given) for right in one.rights))
    return next(named, "")


def untold(reasons: Iterable[Reason], stack: str, given: Iterable[Given]) -> list[str]:
    """What is wrong between the reasons and the record of a stack's first deployment.

    A right that is unused without a reason; a reason of a right that is used, or that is not given.
    """
    rest = {_key(one): one for one in given}
    unused = {key: one for key, one in rest.items() if not one.used}
    faults = []
    for reason in reasons:
        for right in reason.rights if reason.holds_for(stack) else ():
            meant = [one for one in rest.values() if _means(right, one)]
            if not meant:
                faults.append(f"{right} ({reason.purpose}): {stack} gives it to nobody; remove the reason")
            if used := [one for one in meant if one.used]:
                faults.append(
                    f"{right} ({reason.purpose}): the first deployment of {stack} uses {used[0]}; name it in `stacks`, "
                    "or remove the reason"
                )
            for one in meant:
                unused.pop(_key(one), None)
    return [*faults, *(f"{one}: unused, without a reason; take it away or give one" for one in unused.values())]


def misplaced(reasons: Iterable[Reason], test: str, given: Sequence[Given]) -> list[str]:
    """What is wrong between the reasons and the record of a test that changes a stack.

    A right that the test is named for and does not use; a right that it uses, and that is said to be used nowhere.
    """
    faults = []
    for reason in reasons:
        for right in reason.rights:
            used = any(one.used for one in given if _means(right, one))
            if test in reason.tests and not used:
                faults.append(f"{right} ({reason.purpose}): {test} does not use it; name the test that does")
            if used and not (reason.tests or reason.stacks):
                faults.append(f"{right} ({reason.purpose}): {test} uses it; name the test in `tests`")
    return faults


def _means(right: str, given: Given) -> bool:
    action, _, pattern = right.partition(" on ")
    return action == given.action and any(fnmatchcase(one, pattern or "*") for one in given.resources)


def _key(given: Given) -> tuple[str, tuple[str, ...]]:
    return given.action, given.resources
