"""The webhooks of flows: who may start their runs, and the secrets that say so."""

import logging
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, NoReturn

from sqlalchemy.ext.asyncio import AsyncConnection

from patchbay_runtime.execution.flow_cache import FlowCache
from patchbay_runtime.execution.start import UnknownFlowError
from patchbay_runtime.flows.flow import Flow
from patchbay_runtime.names import is_name
from patchbay_runtime.shapes import http_trigger
from patchbay_runtime.steps.webhook_access import AnyAccess, KeyAccess, PublicAccess
from patchbay_runtime.storage import webhook_repository
from patchbay_runtime.storage.webhook_repository import StoredHook
from patchbay_runtime.webhooks.check import Sent, is_known, shows_key
from patchbay_runtime.webhooks.sealing import Sealer, UnsealedError
from patchbay_runtime.webhooks.unproven import UnprovenRequests

USUAL_OVERLAP_SECONDS: Final = 24 * 3600
_SECRET_BYTES: Final = 32

log = logging.getLogger(__name__)


class UnknownSenderError(Exception):
    """No webhook of that name knows the sender, or there is none."""


class NoSecretNeededError(Exception):
    """The flow's latest version has no webhook, or one that is public."""


@dataclass(frozen=True)
class _Hook:
    """How senders are known, and by which secrets; `unproven`: who shows nothing may start runs too."""

    access: AnyAccess
    secrets: Sequence[bytes]
    unproven: bool = False


class Webhooks:
    """Those of all tenants, whose flows come from `flows`."""

    def __init__(self, flows: FlowCache, sealer: Sealer) -> None:
        self._flows = flows
        self._sealer = sealer
        # Nobody's: what a flow that is not there is protected by.
        self._nobodys = _Hook(KeyAccess(), [_made().encode()])
        self._unproven = UnprovenRequests()

    async def admitted(self, connection: AsyncConnection, tenant: str, flow: str, sent: Sent) -> int:
        """The flow's latest version, of which the request may start a run. `connection` must be in the tenant's schema.

        Raises UnknownSenderError. A flow that is not there, or has no webhook, knows nobody, and takes its time for it.
        One from before there were secrets also knows who shows nothing, for the time that it has been given.
        """
        stored = await webhook_repository.find(connection, flow) if is_name(flow) else None
        if stored is None:
            self.refuse(sent)
        hook = await self._hook(connection, tenant, flow, stored)
        # A key that is shown is checked as soon as there is one to show.
        if hook.unproven and (hook.secrets is self._nobodys.secrets or not shows_key(sent)):
            self._unproven.note(tenant, flow)
        elif not is_known(hook.access, hook.secrets, sent, time.time()):
            raise UnknownSenderError
        return stored.version

    def refuse(self, sent: Sent) -> NoReturn:
        """Look at the request as a webhook would, and raise UnknownSenderError."""
        is_known(self._nobodys.access, self._nobodys.secrets, sent, time.time())
        raise UnknownSenderError

    async def first_secret(self, connection: AsyncConnection, tenant: str, flow: Flow) -> str | None:
        """The flow's secret, made now; None if it has one or needs none. `connection` must be in the tenant's schema.

        `flow`: its latest version, new. If it says how its senders are known, each has to show it from here on.
        """
        if _says_access(flow):
            await webhook_repository.limit_unproven(connection, flow.name, 0)
        if not _needs_secret(flow):
            return None
        made = _made()
        sealed = self._sealer.seal(made.encode(), tenant, flow.name)
        if not await webhook_repository.add(connection, flow.name, sealed):
            return None
        await webhook_repository.limit_unproven(connection, flow.name, USUAL_OVERLAP_SECONDS)
        return made

    async def unproven_until(self, connection: AsyncConnection, tenant: str, flow: str) -> datetime | None:
        """Until when the flow's webhook knows who shows nothing, in UTC; None if it does not, or has none.

        `connection` must be in the tenant's schema.
        """
        stored = await webhook_repository.find(connection, flow)
        if stored is None or stored.unproven_until is None:
            return None
        latest = await self._flows.get(connection, tenant, flow, stored.version)
        return None if access_of(latest) is None else stored.unproven_until

    async def replace_secret(
        self, connection: AsyncConnection, tenant: str, flow: str, *, given: str | None, overlap_seconds: int
    ) -> str:
        """Have `given`, or a secret that is made, be the flow's; the one before it is good for the overlap too.

        So is what was good before it: no secret at all, or one that cannot be opened any more, which is not kept.
        `connection` must be in the tenant's schema. Raises UnknownFlowError and NoSecretNeededError.
        """
        stored = await webhook_repository.find(connection, flow)
        if stored is None:
            raise UnknownFlowError(flow)
        if not _needs_secret(await self._flows.get(connection, tenant, flow, stored.version)):
            raise NoSecretNeededError(flow)
        secret = given or _made()
        sealed = self._sealer.seal(secret.encode(), tenant, flow)
        opened, _ = self._opened(tenant, flow, stored.sealed[:1])
        # In this order, as registrations do: neither waits for what the other has.
        await webhook_repository.limit_unproven(connection, flow, overlap_seconds)
        await webhook_repository.replace(connection, flow, sealed, overlap_seconds if opened else 0)
        return secret

    async def _hook(self, connection: AsyncConnection, tenant: str, name: str, stored: StoredHook) -> _Hook:
        access = access_of(await self._flows.get(connection, tenant, name, stored.version))
        if access is None:
            return self._nobodys
        if isinstance(access, PublicAccess):
            return _Hook(access, [])
        unproven = stored.unproven_until is not None
        opened, fault = self._opened(tenant, name, stored.sealed)
        if opened:
            return _Hook(access, opened, unproven)
        if fault is not None:
            # Nothing that a sender does leads here.
            log.error("a webhook's secret cannot be used: %s; make a new one", fault, extra=_of(tenant, name))
        return replace(self._nobodys, unproven=unproven)

    def _opened(self, tenant: str, flow: str, sealed: Sequence[bytes]) -> tuple[list[bytes], UnsealedError | None]:
        """The secrets that can be opened, and what is wrong with the last of the others."""
        opened, fault = [], None
        for one in sealed:
            try:
                opened.append(self._sealer.open(one, tenant, flow))
            except UnsealedError as error:
                fault = error
        return opened, fault


def access_of(flow: Flow) -> AnyAccess | None:
    """How the senders of the flow's webhook are known; None if it has none."""
    config = flow.step(flow.start).config
    return config.access if isinstance(config, http_trigger.Config) else None


def _says_access(flow: Flow) -> bool:
    config = flow.step(flow.start).config
    return isinstance(config, http_trigger.Config) and "access" in config.model_fields_set


def _needs_secret(flow: Flow) -> bool:
    return not isinstance(access_of(flow), PublicAccess | None)


def _made() -> str:
    # What a scanner of repositories can find; safe in a URL.
    return f"pbw_{secrets.token_urlsafe(_SECRET_BYTES)}"


def _of(tenant: str, flow: str) -> dict[str, str]:
    return {"tenant": tenant, "flow": flow}
