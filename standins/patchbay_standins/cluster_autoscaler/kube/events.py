"""Events on what the autoscaler acts upon. An event that cannot be written is only logged."""

import logging
import time
from datetime import UTC, datetime
from typing import Any, Final

from patchbay_standins.cluster_autoscaler.kube.api import Api, ApiError
from patchbay_standins.cluster_autoscaler.objects import Node, Pod

LOG: Final = logging.getLogger(__name__)

_COMPONENT: Final = "cluster-autoscaler"
_REPEAT_SECONDS: Final = 300.0


class Events:
    """An event with the same words about the same object is written once in five minutes."""

    def __init__(self, api: Api, namespace: str, status: str) -> None:
        self._api = api
        self._namespace = namespace
        self._status = status
        self._written: dict[tuple[str, ...], float] = {}

    def of_pod(self, pod: Pod, reason: str, message: str, *, warning: bool = False) -> None:
        meta = pod.metadata
        target = {"apiVersion": "v1", "kind": "Pod", "namespace": meta.namespace, "name": meta.name, "uid": meta.uid}
        self._write(target, reason, message, warning)

    def of_node(self, node: Node, reason: str, message: str, *, warning: bool = False) -> None:
        target = {"apiVersion": "v1", "kind": "Node", "name": node.name, "uid": node.metadata.uid}
        self._write(target, reason, message, warning)

    def of_status(self, reason: str, message: str, *, warning: bool = False) -> None:
        """On the status ConfigMap: what concerns a group or the whole cluster."""
        self.of_config_map(self._status, reason, message, warning=warning)

    def of_config_map(self, name: str, reason: str, message: str, *, warning: bool = False) -> None:
        """On a ConfigMap beside the program."""
        target = {"apiVersion": "v1", "kind": "ConfigMap", "namespace": self._namespace, "name": name}
        self._write(target, reason, message, warning)

    def _write(self, target: dict[str, str], reason: str, message: str, warning: bool) -> None:
        key, now = (*target.values(), reason, message), time.monotonic()
        if self._written.get(key, float("-inf")) + _REPEAT_SECONDS > now:
            return
        self._written = {known: when for known, when in self._written.items() if when + _REPEAT_SECONDS > now}
        self._written[key] = now
        namespace = target.get("namespace", "default")
        try:
            self._api.create(
                f"/api/v1/namespaces/{namespace}/events", _event(target, namespace, reason, message, warning)
            )
        except ApiError as error:
            LOG.warning("the event %s of %s was not written: %s", reason, target["name"], error)


def _event(target: dict[str, str], namespace: str, reason: str, message: str, warning: bool) -> dict[str, Any]:
    moment = datetime.now(UTC)
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{target['name']}.{time.time_ns():x}", "namespace": namespace},
        "involvedObject": target,
        "reason": reason,
        "message": message,
        "type": "Warning" if warning else "Normal",
        "source": {"component": _COMPONENT},
        "reportingComponent": _COMPONENT,
        "firstTimestamp": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "lastTimestamp": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "count": 1,
    }
