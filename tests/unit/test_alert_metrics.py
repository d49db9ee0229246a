"""The rules ask for metrics that something exposes, and the document of the alerts is that of the rules."""

import importlib
import re
import subprocess
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import yaml
from patchbay_loadtests.faults.catalogue.faults import FAULTS
from patchbay_platform.prometheus import document
from patchbay_platform.prometheus.rules import RULE_FILES, thresholds
from patchbay_runtime.catalog import CATALOG
from patchbay_standins.cluster_autoscaler.metrics import Metrics
from prometheus_client import REGISTRY, CollectorRegistry

from tests.http_requests import http
from tests.pinned_tools import program
from tests.ports import free_port
from tests.unit.conftest import REPOSITORY
from tests.unit.test_prometheus_rules import NATIVE

PLATFORM: Final = REPOSITORY / "platform/patchbay_platform"
# Prometheus' own, that of the programs' standard libraries, HAProxy's exporter, and KEDA's.
FOREIGN: Final = frozenset(
    {
        "up",
        "process_start_time_seconds",
        "haproxy_process_start_time_seconds",
        "keda_scaled_object_errors_total",
    }
)
# Functions, keywords and labels, which no metric is named like.
_CALL: Final = re.compile(r"\b(?:on|by|ignoring|without|group_left|group_right)\s*\([^)]*\)")
_NAME: Final = re.compile(r"(?<![\w:\"$])([a-zA-Z_:][\w:]*)(?!\s*\(|[\w:])")
_KEYWORDS: Final = frozenset({"and", "or", "unless", "bool", "offset", "on", "by", "m", "s"})


def asked(expression: str) -> set[str]:
    """The metrics that an expression names."""
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|offset \w+", " ", _CALL.sub(" ", expression))
    return set(_NAME.findall(bare)) - _KEYWORDS


def rules() -> Iterable[dict[str, Any]]:
    for name in RULE_FILES:
        for group in yaml.safe_load((NATIVE / name).read_text())["groups"]:
            yield from group["rules"]


def exposed(registry: CollectorRegistry) -> set[str]:
    return {name for family in registry.collect() for name in (f"{family.name}_total", family.name)}


def from_the_exporter() -> set[str]:
    modules = yaml.safe_load((PLATFORM / "json_exporter/native/config.yml").read_text())["modules"].values()
    return {
        f"{metric['name']}_{value}" for module in modules for metric in module["metrics"] for value in metric["values"]
    }


def recorded() -> set[str]:
    from_the_catalogue = yaml.safe_load(thresholds(list(CATALOG.values())))["groups"]
    return {rule["record"] for group in from_the_catalogue for rule in group["rules"]} | {
        rule["record"] for rule in rules() if "record" in rule
    }


@pytest.fixture(scope="module")
def known() -> set[str]:
    # They register their metrics when they are imported.
    for module in ("node_metrics", "worker.status"):
        importlib.import_module(f"patchbay_runtime.{module}")
    return exposed(REGISTRY) | FOREIGN | exposed(Metrics().registry) | from_the_exporter() | recorded()


def test_every_rule_asks_for_metrics_that_something_exposes(known: set[str]) -> None:
    for rule in rules():
        names = asked(rule["expr"])
        assert names, rule
        assert names <= known, (rule, names - known)


def test_what_an_expression_asks_for_is_seen() -> None:
    assert asked('sum by (a) (increase(one_total{b="x"}[1m])) > 0 unless on () two:three offset 5m') == {
        "one_total",
        "two:three",
    }


def test_haproxy_exposes_what_the_rules_ask_of_it(tmp_path: Path) -> None:
    port = free_port()
    config = tmp_path / "haproxy.cfg"
    timeouts = "".join(f"  timeout {name} 5s\n" for name in ("connect", "client", "server"))
    config.write_text(
        f"defaults\n  mode http\n{timeouts}"
        f"frontend status\n  bind 127.0.0.1:{port}\n  http-request use-service prometheus-exporter\n"
    )
    server = subprocess.Popen([program("haproxy"), "-db", "-f", config], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 20
    try:
        while True:
            with suppress(httpx.TransportError):
                metrics = http.get(f"http://127.0.0.1:{port}/metrics").text
                break
            assert server.poll() is None, "haproxy ended"
            assert time.monotonic() < deadline, "haproxy does not answer"
            time.sleep(0.05)
    finally:
        server.terminate()
        server.wait(timeout=10)
    assert "\nhaproxy_process_start_time_seconds " in metrics


def test_each_fault_is_noticed_and_its_run_waits_for_the_first_alert() -> None:
    alerts = document.alerts()
    assert {fault.name: (fault.alert, *fault.also_fires) for fault in FAULTS} == document.NOTICED_BY
    for names in document.NOTICED_BY.values():
        assert set(names) <= alerts.keys()


def test_the_document_is_that_of_the_rules() -> None:
    assert (REPOSITORY / "docs/alerts.md").read_text() == document.render(), (
        "run .venv/bin/python -m patchbay_platform.prometheus.document > docs/alerts.md"
    )
