"""The restore of one tenant, step by step, with how long each took."""

import datetime
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from patchbay_operations.restore.database import Database
from patchbay_operations.restore.fingerprint import Fingerprint, fingerprint
from patchbay_operations.restore.put_back import put_back


class Backups(Protocol):
    """What can be restored to a point in time: a database beside the live one, gone after the block."""

    def restored(self, point: datetime.datetime) -> AbstractContextManager[Database]: ...


@dataclass
class Restored:
    """`copy`: of the tenant's schema in the restored database; `live`: then. `seconds`: by step, in their order."""

    copy: Fingerprint = field(default_factory=dict)
    live: Fingerprint = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def recovery_seconds(self) -> float:
        """From the decision to the tenant's data in its place."""
        return self.seconds["restore"] + self.seconds["compare"] + self.seconds["put back"]


def restore_tenant(
    backups: Backups,
    live: Callable[[], Database],
    schema: str,
    point: datetime.datetime,
    *,
    look: Callable[[Database], None] = lambda _: None,
    tell: Callable[[str], None],
) -> Restored:
    """`look`: at the restored database, before anything of the live one is changed."""
    result = Restored()

    @contextmanager
    def timed(step: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        result.seconds[step] = round(time.monotonic() - began, 2)
        tell(f"{step}: {result.seconds[step]:.1f} s")

    with timed("all"), ExitStack() as standing:
        with timed("restore"):
            copy = standing.enter_context(backups.restored(point))
        with timed("compare"):
            result.copy = fingerprint(copy, schema)
            look(copy)
        with timed("put back"):
            result.live = put_back(copy, live(), schema)
    return result
