"""A shape that is held at its smallest size while its load builds up, so that a burst's pods are asked for at once.

Asked for in two steps, the first pods would bring a node before the last ones come, and whether these still have to
wait for one would be chance.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from patchbay_loadtests.comparison.defaults import path
from patchbay_loadtests.core.cluster import Cluster
from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.core.restoration import Restore, Restoring
from patchbay_loadtests.proof.environment import ScaledShape

TAKEN_UP_SECONDS: Final = 30.0
POLL_SECONDS: Final = 0.2
_MOST: Final = "maxReplicaCount"


class Hold:
    """Keeps one shape from growing, for as long as the context that `on` gives is open."""

    def __init__(self, cluster: Cluster, shape: ScaledShape, *, kubeconfig: Path, context: str | None) -> None:
        self._cluster = cluster
        self._shape = shape
        self._kubeconfig = kubeconfig
        self._context = context

    @asynccontextmanager
    async def on(self) -> AsyncIterator[None]:
        """The shape may not grow within, and may at once when it is left, however that happens."""
        spec = self._shape.scaled_object["spec"]
        place = path(self._shape)
        # A null takes the field away, where there was none.
        found = Restore(path=place, body={"spec": {_MOST: spec.get(_MOST)}}, object_path=place)
        smallest = max(int(spec.get("minReplicaCount", 0)), 1)
        async with Restoring(self._kubeconfig, self._context, found):
            await self._cluster.merge(place, {"spec": {_MOST: smallest}})
            await self._until_taken_up(smallest)
            yield

    async def _until_taken_up(self, most: int) -> None:
        watched = self._shape.watched
        try:
            async with asyncio.timeout(TAKEN_UP_SECONDS):
                while True:
                    autoscaler = await self._cluster.autoscaler(watched.namespace, watched.autoscaler)
                    if autoscaler["spec"]["maxReplicas"] == most:
                        return
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            raise UnusableEnvironmentError(
                f"the HPA {watched.autoscaler} did not take up the ScaledObject's {_MOST} within "
                f"{TAKEN_UP_SECONDS:.0f} s: is KEDA's operator running?"
            ) from None
