"""Which of several replicas acts: the holder of a Lease, as upstream's leader election keeps it."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from patchbay_standins.cluster_autoscaler.flags import Options
from patchbay_standins.cluster_autoscaler.kube.api import Api, ApiError

LOG: Final = logging.getLogger(__name__)

_GROUP: Final = "coordination.k8s.io/v1"


class Lease:
    """Taken by `acquire`, renewed by a thread of its own, given back by `release`."""

    def __init__(self, api: Api, options: Options, identity: str, stop: threading.Event) -> None:
        self._api = api
        self._options = options
        self._identity = identity
        self._stop = stop
        self._namespace = options.leader_elect_resource_namespace or options.namespace
        self._folder = f"/apis/{_GROUP}/namespaces/{self._namespace}/leases"
        self._path = f"{self._folder}/{options.leader_elect_resource_name}"
        # Another holder's clock is not compared with ours: the lease has run out when it has not changed for its time.
        self._seen: tuple[str, float] = ("", 0.0)

    def acquire(self) -> bool:
        """Waits until the lease is ours; False when the program is told to stop before."""
        while not self._stop.is_set():
            try:
                if self._take():
                    LOG.info("holding the lease %s/%s", self._namespace, self._options.leader_elect_resource_name)
                    return True
            except ApiError as error:
                LOG.warning("the lease cannot be taken: %s", error)
            self._stop.wait(self._options.leader_elect_retry_period)
        return False

    def keep(self, lost: Callable[[], None]) -> None:
        """Starts renewing; calls `lost` once when that has failed for the renew deadline."""
        threading.Thread(target=self._renew, args=(lost,), daemon=True, name="lease").start()

    def release(self) -> None:
        """Lets another replica begin at once."""
        try:
            found = self._api.find(self._path)
            if found and found["spec"].get("holderIdentity") == self._identity:
                found["spec"] |= {"holderIdentity": "", "leaseDurationSeconds": 1}
                self._api.replace(self._path, found)
        except ApiError as error:
            LOG.warning("the lease was not given back, it runs out by itself: %s", error)

    def _renew(self, lost: Callable[[], None]) -> None:
        renewed = time.monotonic()
        while not self._stop.wait(self._options.leader_elect_retry_period):
            try:
                if not self._take():
                    LOG.error("another replica holds the lease")
                    break
                renewed = time.monotonic()
            except ApiError as error:
                LOG.warning("the lease was not renewed: %s", error)
                if time.monotonic() - renewed > self._options.leader_elect_renew_deadline:
                    break
        else:
            return
        lost()

    def _take(self) -> bool:
        found = self._api.find(self._path)
        if found is None:
            return self._written(lambda: self._api.create(self._folder, self._new()))
        spec = found["spec"]
        holder = spec.get("holderIdentity", "")
        if holder not in ("", self._identity) and not self._has_run_out(found):
            return False
        if holder != self._identity:
            spec["acquireTime"] = _now()
            spec["leaseTransitions"] = spec.get("leaseTransitions", 0) + 1
        spec |= {
            "holderIdentity": self._identity,
            "renewTime": _now(),
            "leaseDurationSeconds": int(self._options.leader_elect_lease_duration),
        }
        return self._written(lambda: self._api.replace(self._path, found))

    def _has_run_out(self, found: dict[str, Any]) -> bool:
        version, now = found["metadata"]["resourceVersion"], time.monotonic()
        if version != self._seen[0]:
            self._seen = (version, now)
        duration = found["spec"].get("leaseDurationSeconds", self._options.leader_elect_lease_duration)
        return now > self._seen[1] + float(duration)

    def _written(self, write: Callable[[], object]) -> bool:
        try:
            write()
        except ApiError as error:
            if error.status == 409:  # another replica was quicker
                return False
            raise
        return True

    def _new(self) -> dict[str, Any]:
        now = _now()
        return {
            "apiVersion": _GROUP,
            "kind": "Lease",
            "metadata": {"name": self._options.leader_elect_resource_name, "namespace": self._namespace},
            "spec": {
                "holderIdentity": self._identity,
                "leaseDurationSeconds": int(self._options.leader_elect_lease_duration),
                "acquireTime": now,
                "renewTime": now,
                "leaseTransitions": 0,
            },
        }


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
