"""The status ConfigMap, in the YAML of upstream 1.35."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import yaml
from httpx2 import HTTPError
from lightkube import Client
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import ConfigMap

from patchbay_standins.cluster_autoscaler.kube.client import status_of
from patchbay_standins.cluster_autoscaler.state import GroupState

_UPDATED: Final = "cluster-autoscaler.kubernetes.io/last-updated"
# Written when something has changed, and after this anyway.
_EVERY_SECONDS: Final = 10.0


@dataclass(frozen=True)
class Findings:
    """What one scan found. `backed_off` gives reasons by group, `candidates` how many nodes are unneeded by group."""

    states: Mapping[str, GroupState]
    is_healthy: bool
    backed_off: Mapping[str, str]
    candidates: Mapping[str, int]
    needs_nodes: bool


class Status:
    """Written after each scan; keeps since when each part is as it is."""

    def __init__(self, client: Client, namespace: str, name: str) -> None:
        self._client = client
        self._namespace = namespace
        self._name = name
        self._since: dict[tuple[str, str], tuple[str, str]] = {}
        self._written: tuple[list[Any], float] = ([], float("-inf"))

    def write(self, findings: Findings, now: float) -> None:
        """Raises httpx2.HTTPError."""
        wall = datetime.now(UTC)
        stamp = wall.strftime("%Y-%m-%dT%H:%M:%SZ")
        content = self._content(findings, stamp)
        essence = _without_times(content)
        if essence == self._written[0] and now < self._written[1] + _EVERY_SECONDS:
            return
        text = yaml.dump({"time": str(wall), "autoscalerStatus": "Running", **content}, sort_keys=False)
        self._put(text, stamp)
        self._written = (essence, now)

    def _put(self, text: str, stamp: str) -> None:
        metadata = ObjectMeta(name=self._name, namespace=self._namespace, annotations={_UPDATED: stamp})
        config_map = ConfigMap(metadata=metadata, data={"status": text})
        try:
            self._client.replace(config_map)
        except HTTPError as error:
            if status_of(error) != 404:
                raise
            self._client.create(config_map)

    def _content(self, findings: Findings, stamp: str) -> dict[str, Any]:
        states = findings.states.values()
        in_progress = any(state.upcoming for state in states)
        scale_up = "InProgress" if in_progress else "Needed" if findings.needs_nodes else "NoActivity"
        health = "Healthy" if findings.is_healthy else "Unhealthy"
        return {
            "clusterWide": {
                "health": {
                    "status": health,
                    "nodeCounts": _counts(states),
                    **self._times("", "health", health, stamp),
                },
                "scaleUp": {"status": scale_up, **self._times("", "scaleUp", scale_up, stamp)},
                "scaleDown": self._scale_down("", sum(findings.candidates.values()), stamp),
            },
            "nodeGroups": [self._group(state, findings, stamp) for state in states],
        }

    def _group(self, state: GroupState, findings: Findings, stamp: str) -> dict[str, Any]:
        group = state.group
        health = "Unhealthy" if state.late else "Healthy"
        reason = findings.backed_off.get(group.name)
        scale_up = "Backoff" if reason else "InProgress" if state.upcoming else "NoActivity"
        backoff = {"backoffInfo": {"errorCode": "cloudProviderError", "errorMessage": reason}} if reason else {}
        return {
            "name": group.name,
            "health": {
                "status": health,
                "nodeCounts": _counts([state]),
                "cloudProviderTarget": group.desired,
                "minSize": group.min_size,
                "maxSize": group.max_size,
                **self._times(group.name, "health", health, stamp),
            },
            "scaleUp": {"status": scale_up, **backoff, **self._times(group.name, "scaleUp", scale_up, stamp)},
            "scaleDown": self._scale_down(group.name, findings.candidates.get(group.name, 0), stamp),
        }

    def _scale_down(self, group: str, candidates: int, stamp: str) -> dict[str, Any]:
        status = "CandidatesPresent" if candidates else "NoCandidates"
        counted = {"candidates": candidates} if candidates else {}
        return {"status": status, **counted, **self._times(group, "scaleDown", status, stamp)}

    def _times(self, group: str, part: str, status: str, stamp: str) -> dict[str, str]:
        last = self._since.get((group, part))
        if last is None or last[0] != status:
            last = self._since[group, part] = (status, stamp)
        return {"lastProbeTime": stamp, "lastTransitionTime": last[1]}


def _counts(states: Iterable[GroupState]) -> dict[str, Any]:
    known = list(states)
    unready = sum(len(state.unready) for state in known)
    leaving = sum(len(state.leaving) for state in known)
    return {
        "registered": {
            "total": sum(len(state.registered) for state in known),
            "ready": sum(len(state.ready) for state in known),
            "notStarted": sum(len(state.starting) for state in known),
            **({"beingDeleted": leaving} if leaving else {}),
            "unready": {"total": unready, "resourceUnready": 0},
        },
        "longUnregistered": sum(len(state.late) for state in known),
        "unregistered": sum(len(state.unregistered) + state.group.owed for state in known),
    }


def _without_times(content: Any) -> list[Any]:
    """What is to be seen in the status but for the times, flat."""
    if isinstance(content, dict):
        return [
            (key, _without_times(value))
            for key, value in content.items()
            if key not in ("lastProbeTime", "lastTransitionTime")
        ]
    return [_without_times(item) for item in content] if isinstance(content, list) else [content]
