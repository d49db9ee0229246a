"""The webhooks of flows: who may start their runs, and the secrets that say so."""

import logging
import re
import secrets
import time
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from patchbay_runtime.execution.flow_cache import FlowCache
from patchbay_runtime.execution.start import UnknownFlowError
from patchbay_runtime.flows.flow import Flow
from patchbay_runtime.names import NAME_PATTERN
from patchbay_runtime.shapes import http_trigger
from patchbay_runtime.steps.webhook_access import AnyAccess, KeyAccess, PublicAccess
from patchbay_runtime.storage import webhook_repository
from patchbay_runtime.storage.database import Database
from patchbay_runtime.storage.webhook_repository import StoredHook
from patchbay_runtime.webhooks.check import Sent, is_known
from patchbay_runtime.webhooks.sealing import Sealer, UnsealedError

_SECRET_BYTES: Final = 32

log = logging.getLogger(__name__)


class NoSecretNeededError(Exception):
    """The flow's latest version has no webhook, or one that is public."""


class Webhooks:
    """Those of all tenants, whose flows come from `flows`."""

    def __init__(self, database: Database, flows: FlowCache, sealer: Sealer) -> None:
        self._database = database
        self._flows = flows
        self._sealer = sealer
        # Nobody's: what a flow that is not there is protected by.
        self._nobodys: tuple[AnyAccess, list[bytes]] = KeyAccess(), [_made().encode()]

    async def knows(self, tenant: str | None, flow: str, sent: Sent) -> bool:
        """Whether the request may start a run of the flow's latest version; `tenant`: None for one that is not there.

        A flow that is not there, or has no webhook, knows nobody, and takes its time for it.
        """
        hook = None
        if tenant is not None and re.fullmatch(NAME_PATTERN, flow):
            hook = await self._hook(tenant, flow)
        access, known = hook or self._nobodys
        return is_known(access, known, sent, time.time())

    async def first_secret(self, connection: AsyncConnection, tenant: str, flow: Flow) -> str | None:
        """The flow's secret, made now; None if it has one or needs none. `connection` must be in the tenant's schema.

        `flow`: its latest version.
        """
        if not _needs_secret(flow):
            return None
        made = _made()
        sealed = self._sealer.seal(made.encode(), tenant, flow.name)
        return made if await webhook_repository.add(connection, flow.name, sealed) else None

    async def replace_secret(self, tenant: str, flow: str, *, given: str | None, overlap_seconds: int) -> str:
        """Have `given`, or a secret that is made, be the flow's; the one before it is good for the overlap too.

        Raises UnknownFlowError and NoSecretNeededError.
        """
        secret = given or _made()
        sealed = self._sealer.seal(secret.encode(), tenant, flow)

        async def replace(connection: AsyncConnection) -> None:
            stored = await webhook_repository.find(connection, flow)
            if stored is None:
                raise UnknownFlowError(flow)
            if not _needs_secret(await self._flows.get(connection, tenant, flow, stored.version)):
                raise NoSecretNeededError(flow)
            await webhook_repository.replace(connection, flow, sealed, overlap_seconds)

        await self._database.transact(tenant, replace)
        return secret

    async def _hook(self, tenant: str, name: str) -> tuple[AnyAccess, list[bytes]] | None:
        async with self._database.transaction(tenant) as connection:
            stored = await webhook_repository.find(connection, name)
            flow = None if stored is None else await self._flows.get(connection, tenant, name, stored.version)
        if stored is None or flow is None or (access := access_of(flow)) is None:
            return None
        if isinstance(access, PublicAccess):
            return access, []
        known = self._opened(tenant, name, stored)
        return (access, known) if known else None

    def _opened(self, tenant: str, flow: str, stored: StoredHook) -> list[bytes]:
        try:
            return [self._sealer.open(sealed, tenant, flow) for sealed in stored.sealed]
        except UnsealedError as error:
            # Nothing that a sender does leads here.
            log.error("a webhook's secret cannot be used: %s; make a new one", error, extra=_of(tenant, flow))
            return []


def access_of(flow: Flow) -> AnyAccess | None:
    """How the senders of the flow's webhook are known; None if it has none."""
    config = flow.step(flow.start).config
    return config.access if isinstance(config, http_trigger.Config) else None


def _needs_secret(flow: Flow) -> bool:
    return not isinstance(access_of(flow), PublicAccess | None)


def _made() -> str:
    # What a scanner of repositories can find; safe in a URL.
    return f"pbw_{secrets.token_urlsafe(_SECRET_BYTES)}"


def _of(tenant: str, flow: str) -> dict[str, str]:
    return {"tenant": tenant, "flow": flow}
