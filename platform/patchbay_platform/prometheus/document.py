"""The alerts as a document: `python -m patchbay_platform.prometheus.document > docs/alerts.md`."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from patchbay_platform.prometheus.rules import RULE_FILES

_NATIVE: Final = Path(__file__).parent / "native"

# The faults that the load tests make, and what Prometheus notices of each; the first alert is the one to expect.
NOTICED_BY: Final[Mapping[str, tuple[str, ...]]] = {
    "worker-killed": ("ContainerRestarted",),
    "shape-killed": ("ShapeLostItsWorkers", "ContainerRestarted", "ShapeWithoutWorkers"),
    "gateway-killed": ("GatewayPodDown",),
    "redis-restarts": ("RedisRestarted",),
    "redis-away": ("RedisDown", "RedisRestarted", "NoApi"),
    "mariadb-restarts": ("MariadbRestarted", "MariadbDown"),
    "poison-process": ("ProcessDeadLettered", "ContainerRestarted"),
    "scale-in-while-busy": ("ShapeScaledIn",),
    "deploy": ("RolloutInProgress",),
    "prometheus-away": ("PrometheusRestarted", "KedaCannotRead"),
    "exporter-away": ("ScalingMetricLost", "JsonExporterDown", "KedaCannotRead"),
    "keda-away": ("KedaDown",),
    "api-server-away": ("ApiServerUnreachable", "ClusterAutoscalerDown", "KedaDown"),
    "clock-off": ("NodeClockOff",),
    "node-disk-full": ("NodeDiskFull", "NodeNotReady"),
    "node-drained": ("NodeDrained", "PodsWaitForNode"),
    "node-dies": ("NodeNotReady", "NodeDrained", "PodsWaitForNode"),
    "zone-loses-two-nodes": ("NodeNotReady", "NodeDrained", "PodsWaitForNode"),
}

_PROMISE: Final[Mapping[str, Any]] = yaml.safe_load((_NATIVE / "promise.yml").read_text())


def _listed(names: Sequence[str]) -> str:
    quoted = [f"`{name}`" for name in names]
    return f"{', '.join(quoted[:-1])} and {quoted[-1]}"


_PREFACE: Final = f"""\
# Alerts

What Prometheus tells of itself; `/api/v1/alerts` names those that fire. **critical**: users notice, or will within
minutes. *warning*: something broke and mends itself, or will not for long. info: a change that explains others; nobody
is called for it.

An alert fires within {_PROMISE["fires_within"]} s unless its time says otherwise, and falls silent by itself:
at the latest {_PROMISE["falls_silent_within"]} s after its cause is gone,
{_listed(_PROMISE["restarts"])}
{_PROMISE["restart_falls_silent_within"]} s after the restart.
While Prometheus is away nothing fires; `PrometheusRestarted` tells of it afterwards.

Prometheus has no right in Kubernetes and none in AWS. It knows nodes by the pods on them, which tell their node's name,
clock and disk, and by the cluster autoscaler's counts; the API server by asking it, through the JSON exporter, whether
it answers.

This page is made by `.venv/bin/python -m patchbay_platform.prometheus.document > docs/alerts.md`.
"""


def alerts() -> Mapping[str, Mapping[str, Any]]:
    """Every alert's rule by its name."""
    return {rule["alert"]: rule for _, rules in _groups() for rule in rules if "alert" in rule}


def render() -> str:
    """The document."""
    return "\n".join((_PREFACE, *_faults(), *_tables()))


def _groups() -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    for name in RULE_FILES:
        for group in yaml.safe_load((_NATIVE / name).read_text())["groups"]:
            yield group["name"], group["rules"]


def _faults() -> Iterator[str]:
    yield "## By fault\n"
    yield "The faults of [faults.md](faults.md). The first alert is the one that its run waits for.\n"
    yield "| fault | alerts |\n| --- | --- |"
    for fault, names in NOTICED_BY.items():
        yield f"| `{fault}` | {', '.join(f'`{name}`' for name in names)} |"


def _tables() -> Iterator[str]:
    emphasis = {"critical": "**critical**", "warning": "*warning*"}
    for group, rules in _groups():
        told = [rule for rule in rules if "alert" in rule]
        if not told:
            continue
        yield f"\n## {group.capitalize()}\n"
        yield "| alert | severity | after | what it says | what to do |\n| --- | --- | --- | --- | --- |"
        for rule in told:
            severity, said = rule["labels"]["severity"], rule["annotations"]
            yield (
                f"| `{rule['alert']}` | {emphasis.get(severity, severity)} | {rule.get('for', 'at once')} "
                f"| {_plain(said['summary'])} | {said['remedy']} |"
            )
    yield ""


def _plain(template: str) -> str:
    """With a word in capitals in each place that Prometheus fills in."""
    parts = template.split("{{")
    filled = [parts[0], *(_word(part.partition("}}")[0]) + part.partition("}}")[2] for part in parts[1:])]
    return "".join(filled)


def _word(expression: str) -> str:
    words = expression.replace("$labels.", "$").split()
    named = next((word for word in words if word.startswith("$")), "")
    return named.removeprefix("$").upper()


if __name__ == "__main__":
    print(render(), end="")
