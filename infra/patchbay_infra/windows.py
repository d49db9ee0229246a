"""Daily and weekly windows of AWS' data services, in UTC."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY: Final = 24 * 60
_WEEK: Final = 7 * _DAY
# ElastiCache asks for an hour; RDS would take half of it.
_SHORTEST: Final = 60
_CLOCK: Final = r"([01]\d|2[0-3]):([0-5]\d)"
_DAILY: Final = re.compile(f"{_CLOCK}-{_CLOCK}")
_WEEKLY: Final = re.compile(f"({'|'.join(_DAYS)}):{_CLOCK}-({'|'.join(_DAYS)}):{_CLOCK}")


def _time_of_day(time: str) -> str:
    if not re.fullmatch(_CLOCK, time):
        raise ValueError('not a time of day in UTC; write it like "05:00"')
    return time


def _daily(window: str) -> str:
    if not _DAILY.fullmatch(window):
        raise ValueError('not a daily window in UTC; write it like "02:00-03:00"')
    return _long_enough(window, _daily_minutes(window))


def _weekly(window: str) -> str:
    if not _WEEKLY.fullmatch(window):
        raise ValueError('not a weekly window in UTC; write it like "sun:03:30-sun:04:30"')
    start, length = _weekly_minutes(window)
    if length > _DAY:
        raise ValueError("longer than 24 hours; narrow it")
    return _long_enough(window, (start, length))


def _long_enough(window: str, minutes: tuple[int, int]) -> str:
    if minutes[1] < _SHORTEST:
        raise ValueError(f"shorter than {_SHORTEST} minutes; widen it")
    return window


Clock = Annotated[str, AfterValidator(_time_of_day)]
DailyWindow = Annotated[str, AfterValidator(_daily)]
WeeklyWindow = Annotated[str, AfterValidator(_weekly)]


def overlap(daily: DailyWindow, weekly: WeeklyWindow) -> bool:
    """Whether the daily window meets the weekly one on any day."""
    start, length = _weekly_minutes(weekly)
    daily_start, daily_length = _daily_minutes(daily)
    starts = ((daily_start + day * _DAY) % _WEEK for day in range(len(_DAYS)))
    return any((other - start) % _WEEK < length or (start - other) % _WEEK < daily_length for other in starts)


def meets(daily: DailyWindow, other: DailyWindow) -> bool:
    """Whether two daily windows have a minute in common."""
    (start, length), (other_start, other_length) = _daily_minutes(daily), _daily_minutes(other)
    return (other_start - start) % _DAY < length or (start - other_start) % _DAY < other_length


def later(clock: Clock, minutes: int) -> Clock:
    """The clock so many minutes later, on the next day if need be."""
    total = (_clock(clock) + minutes) % _DAY
    return f"{total // 60:02}:{total % 60:02}"


def _daily_minutes(window: str) -> tuple[int, int]:
    """Start, in minutes of the day, and length."""
    start, end = (_clock(part) for part in window.split("-"))
    return start, (end - start) % _DAY


def _weekly_minutes(window: str) -> tuple[int, int]:
    """Start, in minutes of the week, and length."""
    start, end = (_DAYS.index(part[:3]) * _DAY + _clock(part[4:]) for part in window.split("-"))
    return start, (end - start) % _WEEK


def _clock(time: str) -> int:
    hours, minutes = time.split(":")
    return int(hours) * 60 + int(minutes)
