"""Groups that failed to give a node are left alone for a while, longer each time."""

from dataclasses import dataclass

from patchbay_standins.cluster_autoscaler.flags import Options


@dataclass(frozen=True)
class _Pause:
    until: float
    length: float
    failed: float
    reason: str


class Backoff:
    """Times are of one clock, in seconds."""

    def __init__(self, options: Options) -> None:
        self._first = options.initial_node_group_backoff_duration
        self._longest = options.max_node_group_backoff_duration
        self._forget = options.node_group_backoff_reset_timeout
        self._pauses: dict[str, _Pause] = {}

    def fail(self, group: str, reason: str, now: float) -> None:
        """Doubles the pause; a failure that comes while one lasts is the same failure."""
        last = self._pauses.get(group)
        if last and now < last.until:
            return
        length: float = self._first
        if last and now < last.failed + self._forget:
            length = min(last.length * 2, self._longest)
        self._pauses[group] = _Pause(now + length, length, now, reason)

    def succeed(self, group: str) -> None:
        self._pauses.pop(group, None)

    def reason(self, group: str, now: float) -> str | None:
        """Why the group is left alone; None where it is not."""
        pause = self._pauses.get(group)
        return pause.reason if pause and now < pause.until else None
