"""Events on what the autoscaler acts upon. An event that cannot be written is only logged."""

import logging
import time
from datetime import UTC, datetime
from typing import Final

from httpx2 import HTTPError
from lightkube import Client
from lightkube.models.core_v1 import EventSource, ObjectReference
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import Event

from patchbay_standins.cluster_autoscaler.kube.client import COMPONENT
from patchbay_standins.cluster_autoscaler.objects import Node, Pod

LOG: Final = logging.getLogger(__name__)

_REPEAT_SECONDS: Final = 300.0


class Events:
    """An event with the same words about the same object is written once in five minutes."""

    def __init__(self, client: Client, namespace: str, status: str) -> None:
        self._client = client
        self._namespace = namespace
        self._status = status
        self._written: dict[tuple[str, ...], float] = {}

    def of_pod(self, pod: Pod, reason: str, message: str, *, warning: bool = False) -> None:
        meta = pod.metadata
        self._write(
            ObjectReference(kind="Pod", namespace=meta.namespace, name=meta.name, uid=meta.uid),
            reason,
            message,
            warning,
        )

    def of_node(self, node: Node, reason: str, message: str, *, warning: bool = False) -> None:
        self._write(ObjectReference(kind="Node", name=node.name, uid=node.metadata.uid), reason, message, warning)

    def of_status(self, reason: str, message: str, *, warning: bool = False) -> None:
        """On the status ConfigMap: what concerns a group or the whole cluster."""
        self.of_config_map(self._status, reason, message, warning=warning)

    def of_config_map(self, name: str, reason: str, message: str, *, warning: bool = False) -> None:
        """On a ConfigMap beside the program."""
        self._write(ObjectReference(kind="ConfigMap", namespace=self._namespace, name=name), reason, message, warning)

    def _write(self, target: ObjectReference, reason: str, message: str, warning: bool) -> None:
        target.apiVersion = "v1"
        key = (str(target.kind), str(target.namespace), str(target.name), str(target.uid), reason, message)
        now = time.monotonic()
        if self._written.get(key, float("-inf")) + _REPEAT_SECONDS > now:
            return
        self._written = {known: when for known, when in self._written.items() if when + _REPEAT_SECONDS > now}
        self._written[key] = now
        try:
            self._client.create(_event(target, reason, message, warning))
        except HTTPError as error:
            LOG.warning("the event %s of %s was not written: %s", reason, target.name, error)


def _event(target: ObjectReference, reason: str, message: str, warning: bool) -> Event:
    moment = datetime.now(UTC).replace(microsecond=0)
    return Event(
        metadata=ObjectMeta(name=f"{target.name}.{time.time_ns():x}", namespace=target.namespace or "default"),
        involvedObject=target,
        reason=reason,
        message=message,
        type="Warning" if warning else "Normal",
        source=EventSource(component=COMPONENT),
        reportingComponent=COMPONENT,
        firstTimestamp=moment,
        lastTimestamp=moment,
        count=1,
    )
