"""What a step that calls other systems may connect to."""

from collections.abc import Awaitable, Callable, Sequence

Addresses = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a host that may be called at a port, in the order to try them; at least one, or StepFault."""
