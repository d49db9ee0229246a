"""Flow versions that were used last. A version never changes, so a copy never gets old."""

from collections import OrderedDict

from sqlalchemy.ext.asyncio import AsyncConnection

from patchbay_runtime.flows.flow import Flow
from patchbay_runtime.storage import flow_repository

MOST_FLOWS = 512


class FlowCache:
    """The last `MOST_FLOWS` versions in use, of all tenants."""

    def __init__(self) -> None:
        self._flows: OrderedDict[tuple[str, str, int], Flow] = OrderedDict()

    async def get(self, connection: AsyncConnection, tenant: str, flow: str, version: int) -> Flow:
        """A registered version; `connection` must be in the tenant's schema."""
        key = (tenant, flow, version)
        known = self._flows.get(key)
        if known is None:
            stored = await flow_repository.get_version(connection, flow, version)
            if stored is None:
                raise LookupError(f"tenant {tenant} has no version {version} of flow {flow}")
            known = self._flows[key] = Flow(stored.document)
            if len(self._flows) > MOST_FLOWS:
                self._flows.popitem(last=False)
        else:
            self._flows.move_to_end(key)
        return known
