"""Flow versions that were used last. A version never changes, so a copy never gets old."""

from collections import OrderedDict
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from patchbay_runtime.flows.flow import Flow
from patchbay_runtime.storage import flow_repository

MOST_CHARACTERS: Final = 2**20
"""Of the documents' JSON text. In memory they take up to 28 times as much (one of 256 KiB of a branch's cases)."""


class FlowCache:
    """The versions that were used last, of all tenants, up to `most` characters of text; but always the last one."""

    def __init__(self, most: int = MOST_CHARACTERS) -> None:
        self._most = most
        self._flows: OrderedDict[tuple[str, str, int], tuple[Flow, int]] = OrderedDict()
        self._held = 0

    async def get(self, connection: AsyncConnection, tenant: str, flow: str, version: int) -> Flow:
        """A registered version; `connection` must be in the tenant's schema."""
        key = (tenant, flow, version)
        if key not in self._flows:
            stored = await flow_repository.get_version(connection, flow, version)
            if stored is None:
                raise LookupError(f"tenant {tenant} has no version {version} of flow {flow}")
            self._keep(key, Flow(stored.document), stored.size)
        self._flows.move_to_end(key)
        return self._flows[key][0]

    def _keep(self, key: tuple[str, str, int], flow: Flow, size: int) -> None:
        if key in self._flows:  # read by another one meanwhile
            return
        self._flows[key] = flow, size
        self._held += size
        while self._held > self._most and len(self._flows) > 1:
            _, (_, gone) = self._flows.popitem(last=False)
            self._held -= gone
