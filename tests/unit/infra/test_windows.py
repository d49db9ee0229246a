"""Windows of AWS' data services, which may not overlap."""

import pytest
from patchbay_infra.windows import later, meets, overlap


@pytest.mark.parametrize(
    ("daily", "weekly", "meet"),
    [
        ("01:00-02:00", "sun:03:00-sun:04:00", False),
        ("01:00-03:00", "sun:03:00-sun:04:00", False),
        ("01:00-03:01", "sun:03:00-sun:04:00", True),
        ("03:15-03:45", "sun:03:00-sun:04:00", True),
        ("02:00-05:00", "sun:03:00-sun:04:00", True),
        ("23:30-00:30", "mon:00:00-mon:01:00", True),
        ("23:00-00:00", "mon:00:00-mon:01:00", False),
        ("00:00-01:00", "sun:23:30-mon:00:30", True),
        ("22:00-23:00", "sun:23:30-mon:00:30", False),
    ],
)
def test_windows_overlap_only_where_they_share_time_also_over_midnight_and_the_week_s_end(
    daily: str, weekly: str, meet: bool
) -> None:
    assert overlap(daily, weekly) is meet


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        ("05:00-07:00", "01:00-02:00", False),
        ("00:00-01:00", "01:00-02:00", False),
        ("23:30-01:30", "01:00-02:00", True),
        ("01:15-01:45", "01:00-02:00", True),
        ("22:00-00:30", "23:00-23:30", True),
    ],
)
def test_daily_windows_meet_only_where_they_share_time(one: str, other: str, meet: bool) -> None:
    assert meets(one, other) is meet
    assert meets(other, one) is meet


def test_a_clock_goes_on_after_midnight() -> None:
    assert (later("05:00", 120), later("23:30", 120)) == ("07:00", "01:30")
