"""What is promised of alerts is read where the document is made of it."""

import re
from pathlib import Path

import pytest
from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.faults.catalogue.faults import FAULTS
from patchbay_loadtests.faults.machine import place
from patchbay_loadtests.faults.promises import alert_promises

REPOSITORY = Path(__file__).resolve().parents[3]


def test_every_faults_alert_has_a_promise_and_the_document_says_the_same() -> None:
    promises = alert_promises(place.ALERTS)
    assert {fault.alert for fault in FAULTS} <= promises.keys()
    document = (REPOSITORY / "docs" / "alerts.md").read_text()
    redis = promises["RedisDown"]
    assert f"fires within {redis.fires_within:.0f} s" in document
    assert f"at the latest {redis.falls_silent_within:.0f} s after its cause" in document


def test_alerts_that_tell_of_a_restart_are_silent_as_soon_after_it_as_the_document_says() -> None:
    promises = alert_promises(place.ALERTS)
    within = promises["ContainerRestarted"].falls_silent_within
    assert 60 < within < promises["RedisDown"].falls_silent_within, "they look back over a minute"
    document = (REPOSITORY / "docs" / "alerts.md").read_text()
    assert f"{within:.0f} s after the restart" in document
    told = document.partition("falls silent by itself:")[2].partition("after the restart")[0]
    of_restarts = {alert for alert, promise in promises.items() if promise.falls_silent_within == within}
    assert set(re.findall(r"`(\w+)`", told)) == of_restarts >= {"RedisRestarted", "MariadbRestarted"}


def test_an_alert_with_a_longer_time_of_its_own_may_take_it() -> None:
    promises = alert_promises(place.ALERTS)
    assert promises["RolloutStuck"].fires_within == 15 * 60 + promises["RedisDown"].fires_within


def test_a_promise_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnusableEnvironmentError, match="what is promised of alerts cannot be read"):
        alert_promises(tmp_path)
