"""Who did what through the API: an entry of the audit, kept with the change itself, and after it a line of the log."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from ipaddress import ip_address
from types import EllipsisType
from typing import Any, Final, TypeVar, cast

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncConnection

from patchbay_runtime.access.principal import Principal
from patchbay_runtime.rights.operations import Operation
from patchbay_runtime.storage import audit_repository
from patchbay_runtime.storage.audit_repository import Entry
from patchbay_runtime.storage.database import Database

VIA: Final = "Patchbay-Via"
"""The gateway puts it on every request, whatever the client sent; who calls from inside the cluster has none."""

Result = TypeVar("Result")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Act:
    """What is done, by names and identifiers, never a secret.

    `details`: what the audit keeps beyond the log's line, such as configuration before and after. `tenant`: whose it
    is, None for the platform's; that of the path where it is left out.
    """

    what: str
    about: dict[str, str | int] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    tenant: str | EllipsisType | None = ...

    async def keep(self, request: Request, connection: AsyncConnection) -> None:
        """Add the entry in the transaction of what is done."""
        caller = caller_of(request)
        entry = Entry(
            tenant=self._tenant_of(request),
            principal=caller.id,
            role=caller.role,
            source=_source_of(request),
            operation=_operation_of(request),
            what=self.what,
            about={**self.about, **self.details},
        )
        await audit_repository.add(connection, entry)

    def log(self, request: Request) -> None:
        """Write the line, once what is done is kept."""
        tenant = self._tenant_of(request)
        given = {"principal": caller_of(request).id, "operation": _operation_of(request), "tenant": tenant}
        log.info("%s", self.what, extra={**given, **self.about})

    def _tenant_of(self, request: Request) -> str | None:
        if isinstance(self.tenant, EllipsisType):
            return cast(str | None, request.path_params.get("tenant"))
        return self.tenant


async def change(
    request: Request,
    database: Database,
    tenant: str | None,
    work: Callable[[AsyncConnection], Awaitable[Result]],
    told: Callable[[Result], Act],
) -> Result:
    """Do `work` in a transaction with the entry of what `told` makes of its result: both are kept, or neither is."""

    async def audited(connection: AsyncConnection) -> tuple[Result, Act]:
        result = await work(connection)
        act = told(result)
        await act.keep(request, connection)
        return result, act

    result, act = await database.transact(tenant, audited)
    act.log(request)
    return result


async def announce(request: Request, database: Database, act: Act) -> None:
    """Keep the entry before what is done elsewhere than in MariaDB: nothing is done without one."""

    async def keep(connection: AsyncConnection) -> None:
        await act.keep(request, connection)

    await database.transact(None, keep)


def note_caller(request: Request, principal: Principal, operation: Operation) -> None:
    """Remember for the audit who calls."""
    request.state.principal = principal
    request.state.operation = operation


def caller_of(request: Request) -> Principal:
    """Who calls a route that declares an operation."""
    return cast(Principal, request.state.principal)


def _operation_of(request: Request) -> Operation:
    return cast(Operation, request.state.operation)


def _source_of(request: Request) -> str | None:
    """The address that the gateway saw, or of who called past it."""
    if VIA in request.headers:
        given = request.headers.get("X-Forwarded-For", "")
    else:
        given = "" if request.client is None else request.client.host
    try:
        return str(ip_address(given.strip()))
    except ValueError:
        return None
