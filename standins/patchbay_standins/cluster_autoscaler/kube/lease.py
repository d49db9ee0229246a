"""Which of several replicas acts: the holder of a Lease, as upstream's leader election keeps it."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from httpx2 import HTTPError
from lightkube import Client
from lightkube.models.coordination_v1 import LeaseSpec
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources import coordination_v1

from patchbay_standins.cluster_autoscaler.flags import Options
from patchbay_standins.cluster_autoscaler.kube.client import status_of, unless_missing

LOG: Final = logging.getLogger(__name__)


class Lease:
    """Taken by `acquire`, renewed by a thread of its own, given back by `release`."""

    def __init__(self, client: Client, options: Options, identity: str, stop: threading.Event) -> None:
        self._client = client
        self._options = options
        self._identity = identity
        self._stop = stop
        self._namespace = options.leader_elect_resource_namespace or options.namespace
        self._name = options.leader_elect_resource_name
        # Another holder's clock is not compared with ours: the lease has run out when it has not changed for its time.
        self._seen: tuple[str, float] = ("", 0.0)
        self._renewing: threading.Thread | None = None

    def acquire(self) -> bool:
        """Waits until the lease is ours; False when the program is told to stop before."""
        while not self._stop.is_set():
            try:
                if self._take():
                    LOG.info("holding the lease %s/%s", self._namespace, self._name)
                    return True
            except HTTPError as error:
                LOG.warning("the lease cannot be taken: %s", error)
            self._stop.wait(self._options.leader_elect_retry_period)
        return False

    def keep(self, lost: Callable[[], None]) -> None:
        """Starts renewing; calls `lost` once when that has failed for the renew deadline."""
        self._renewing = threading.Thread(target=self._renew, args=(lost,), daemon=True, name="lease")
        self._renewing.start()

    def release(self) -> None:
        """Lets another replica begin at once, after `stop` is set."""
        if self._renewing:  # a renewal under way would conflict, or take the lease again
            self._renewing.join(self._options.leader_elect_renew_deadline)
        try:
            found = self._found()
            if found and found.spec and found.spec.holderIdentity == self._identity:
                found.spec.holderIdentity, found.spec.leaseDurationSeconds = "", 1
                self._client.replace(found)
        except HTTPError as error:
            LOG.warning("the lease was not given back, it runs out by itself: %s", error)

    def _renew(self, lost: Callable[[], None]) -> None:
        renewed = time.monotonic()
        while not self._stop.wait(self._options.leader_elect_retry_period):
            try:
                if not self._take():
                    LOG.error("another replica holds the lease")
                    break
                renewed = time.monotonic()
            except HTTPError as error:
                LOG.warning("the lease was not renewed: %s", error)
                if time.monotonic() - renewed > self._options.leader_elect_renew_deadline:
                    break
        else:
            return
        lost()

    def _found(self) -> coordination_v1.Lease | None:
        return unless_missing(lambda: self._client.get(coordination_v1.Lease, self._name, namespace=self._namespace))

    def _take(self) -> bool:
        found = self._found()
        spec = (found.spec if found else None) or LeaseSpec()
        if found and spec.holderIdentity not in (None, "", self._identity) and not self._has_run_out(found):
            return False
        if spec.holderIdentity != self._identity:
            spec.acquireTime = _now()
            spec.leaseTransitions = (spec.leaseTransitions or 0) + 1 if found else 0
        spec.holderIdentity = self._identity
        spec.renewTime = _now()
        spec.leaseDurationSeconds = int(self._options.leader_elect_lease_duration)
        metadata = found.metadata if found else ObjectMeta(name=self._name, namespace=self._namespace)
        lease = coordination_v1.Lease(metadata=metadata, spec=spec)
        try:
            if found:
                self._client.replace(lease)
            else:
                self._client.create(lease)
        except HTTPError as error:
            if status_of(error) == 409:  # another replica was quicker
                return False
            raise
        return True

    def _has_run_out(self, found: coordination_v1.Lease) -> bool:
        version, now = str(found.metadata and found.metadata.resourceVersion), time.monotonic()
        if version != self._seen[0]:
            self._seen = (version, now)
        duration = found.spec.leaseDurationSeconds if found.spec else None
        return now > self._seen[1] + (duration or self._options.leader_elect_lease_duration)


def _now() -> datetime:
    """Kubernetes refuses a time of a lease without a fraction, which a whole second would be written as."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond or 1)
