"""Where a workload's pods go."""

from dataclasses import dataclass

import pulumi


@dataclass(frozen=True)
class Placement:
    """The namespace, and the class that says which pods give way when a node is full."""

    namespace: pulumi.Input[str]
    priority_class: pulumi.Input[str]
