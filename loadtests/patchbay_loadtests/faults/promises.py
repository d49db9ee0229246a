"""What is promised of an alert: by `docs/alerts.md`, which is made of the same files."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.proof.periods import seconds


@dataclass(frozen=True)
class AlertPromise:
    """Seconds: from what the alert tells of until it fires, and from the end of the cause until it is silent."""

    fires_within: float
    falls_silent_within: float


def alert_promises(native: Path) -> dict[str, AlertPromise]:
    """Every alert's promise, from the directory of Prometheus' native files.

    The general time holds unless the alert's own, its `for`, says otherwise.
    """
    try:
        general = yaml.safe_load((native / "promise.yml").read_text(encoding="utf-8"))
        fires, silent = float(general["fires_within"]), float(general["falls_silent_within"])
        restarts = dict.fromkeys(general["restarts"], float(general["restart_falls_silent_within"]))
        groups = [group for file in native.glob("alerts*.yml") for group in yaml.safe_load(file.read_text())["groups"]]
        waits = {
            rule["alert"]: seconds(rule.get("for", "0s"))
            for group in groups
            for rule in group["rules"]
            if "alert" in rule
        }
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise UnusableEnvironmentError(f"{native}: what is promised of alerts cannot be read: {error!r}") from error
    return {
        alert: AlertPromise(fires if wait <= fires else wait + fires, restarts.get(alert, silent))
        for alert, wait in waits.items()
    }
