"""Outputs that are known later than their values."""

from collections.abc import Iterable

import pulumi


def once_known(value: pulumi.Input[str], others: Iterable[pulumi.Input[str]]) -> pulumi.Output[str]:
    """The value, once the others are known too: whoever uses it waits for what they are outputs of."""
    return pulumi.Output.all(value, *others).apply(lambda known: str(known[0]))
