"""A renewal that is on its way to the API server when the load test ends, against an API server in this process."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from patchbay_loadtests.core.cluster import Cluster, Document
from patchbay_loadtests.core.errors import NotFoundError
from patchbay_loadtests.core.sink.reach import Reach

DEADLINE_SECONDS = 60


class SlowApiServer(Cluster):
    """Has objects by path. From `is_slow` on it handles a PATCH only after `may_handle`, though nobody waits for it."""

    def __init__(self) -> None:
        self.objects_by_path: dict[str, Document] = {}
        self.is_slow = False
        self.has_come = asyncio.Event()
        self.may_handle = asyncio.Event()
        self.handling: set[asyncio.Task[Document]] = set()

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,  # noqa: ARG002 - the cluster's own
        body: Document | None = None,
        content_type: str = "application/json",  # noqa: ARG002
    ) -> bytes:
        if "/endpointslices" in path:
            return json.dumps({"items": [{"endpoints": [{"addresses": ["192.0.2.7"]}]}]}).encode()
        if method == "PATCH" and body is not None:
            handling = asyncio.create_task(self._apply(path, body))
            self.handling.add(handling)
            return json.dumps(await asyncio.shield(handling)).encode()
        if path not in self.objects_by_path:
            raise NotFoundError(path)
        found: Any = self.objects_by_path.pop(path) if method == "DELETE" else self.objects_by_path[path]
        return json.dumps(found).encode()

    async def _apply(self, path: str, body: Document) -> Document:
        if self.is_slow:
            self.has_come.set()
            await self.may_handle.wait()
        self.objects_by_path[path] = {**body, "metadata": {**body["metadata"], "uid": path}}
        return self.objects_by_path[path]

    def jobs(self) -> list[str]:
        return [path for path in self.objects_by_path if "/jobs/" in path]


async def test_a_renewal_that_is_on_its_way_at_the_end_makes_no_job_anew() -> None:
    cluster = SlowApiServer()
    reach = Reach(
        cluster, namespace="a", sink_namespace="b", shape="http-connector", image="example/none", renewal_seconds=0.01
    )
    async with asyncio.timeout(DEADLINE_SECONDS):
        await reach.__aenter__()
        assert len(cluster.jobs()) == 2
        cluster.is_slow = True
        await cluster.has_come.wait()
        leaving = asyncio.create_task(reach.__aexit__(None, None, None))
        # Time for a removal that does not wait for the renewal.
        await asyncio.wait({leaving}, timeout=0.5)
        cluster.may_handle.set()
        await leaving
        await asyncio.wait(cluster.handling)
    assert cluster.jobs() == []
