"""What programs call on an emulated account, held to the rights that they have in production."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from patchbay_operations.permissions import judgement
from patchbay_operations.permissions.evaluation import Rights
from patchbay_operations.permissions.recorded import Recorded, read
from patchbay_operations.permissions.roles import Role


def faults(record: Path, rights: Sequence[Any], made: Callable[[Recorded], bool]) -> list[str]:
    """What the program may not and called, where `made` says which calls are the program's; or that it called nothing.

    `rights`: statements without values that only a deployment knows.
    """
    calls = [call for call in read(record) if made(call)]
    if not calls:
        return [f"no call of the program is in {record}"]
    unread = [f"{call.operation} is not understood: {call.unread}" for call in calls if call.unread]
    role = Role("the program", "", {}, Rights(({"Statement": list(rights)},)), ())
    return [*unread, *map(str, judgement.denied(role, calls))]
