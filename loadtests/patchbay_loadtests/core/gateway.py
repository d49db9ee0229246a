"""The environment's public HTTP API, as a customer reaches it through the gateway."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

import httpx2

from patchbay_loadtests.core.access import Access
from patchbay_loadtests.core.cluster import Document
from patchbay_loadtests.core.errors import ServerError, UnusableEnvironmentError
from patchbay_loadtests.core.flows import BY_KEY, webhook_access
from patchbay_loadtests.core.latencies import endpoints_of
from patchbay_loadtests.core.traffic.protocol import Endpoint

REQUEST_SECONDS = 15.0
# Of the tenant's key that a load test works with: it may register flows, start runs and follow them.
KEY_NAME = "loadtest"
KEY_ROLE = "developer"
KEY_DAYS = 1
# How long a 429 or 503 is waited out before the environment is given up.
PATIENCE_SECONDS = 30.0
_NEEDS_KEY = "; set PATCHBAY_TOKEN to an administrator's key, or name its file by --token-file where the command has it"
_OPENINGS: Final = "/api/platform/openings"
_OPENING: Final = f"{_OPENINGS}/{{address}}/{{port}}"


@dataclass(frozen=True)
class ShapeLoad:
    """One shape's processes as Horizon counts them; `oldest_wait` in seconds, `slots` of its live workers."""

    waiting: int
    reserved: int
    oldest_wait: float = 0.0
    slots: int = 0

    @property
    def total(self) -> int:
        """The number that the platform scales by."""
        return self.waiting + self.reserved


class Gateway:
    """A client of one gateway and tenant.

    `access`: an administrator's, which makes the tenant, gives it a key and asks Horizon. All else is asked with that
    key, which is good for a day and is revoked when the context is left.
    """

    def __init__(self, host: str, tenant: str, access: Access | None = None) -> None:
        self.host = host
        self.tenant = tenant
        self._access = access or Access.from_environment()
        self._of_tenant: Access | None = None
        self._key_id = ""
        self._webhook_keys: dict[str, str | None] = {}
        self._http = httpx2.AsyncClient(
            base_url=host, timeout=REQUEST_SECONDS, trust_env=False, verify=self._access.tls()
        )
        self._timings: defaultdict[str, list[float]] = defaultdict(list)
        self._failures: Counter[str] = Counter()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._give_back()
        finally:
            await self._http.aclose()

    def endpoints(self) -> tuple[Endpoint, ...]:
        """How long each endpoint took to answer this client."""
        return endpoints_of(self._timings, self._failures)

    async def enter(self) -> None:
        """Make sure that the tenant exists, and take a key of it for what follows."""
        place = f"/api/tenants/{self.tenant}"
        await self._json("PUT", place, name="PUT /api/tenants/{tenant}")
        wanted = {"name": KEY_NAME, "role": KEY_ROLE, "days": KEY_DAYS}
        made = await self._json("POST", f"{place}/keys", body=wanted, name="POST /api/tenants/{tenant}/keys")
        try:
            self._key_id = str(made["id"])
            self._of_tenant = self._access.with_token(str(made["key"]))
        except (LookupError, TypeError, ValueError):
            # The answer may hold a key, so it is not shown.
            raise UnusableEnvironmentError(f"gateway, POST {place}/keys: no key in the answer") from None

    async def register(self, flow: Document) -> int:
        """Make sure that the tenant exists and give it the flow; returns the flow's version."""
        if self._of_tenant is None:
            await self.enter()
        place, name = f"/api/tenants/{self.tenant}/flows", str(flow["name"])
        registered = await self._json("POST", place, body=flow, name="POST /api/tenants/{tenant}/flows", as_tenant=True)
        self._webhook_keys[name] = None
        if webhook_access(flow) == BY_KEY:
            self._webhook_keys[name] = _webhook_key(registered) or await self._new_webhook_key(name)
        return int(registered["version"])

    async def _new_webhook_key(self, flow: str) -> str:
        """The first one is told at the flow's first registration only, which was another test's."""
        place = f"/api/tenants/{self.tenant}/flows/{flow}/webhook-secret"
        name = "POST /api/tenants/{tenant}/flows/{flow}/webhook-secret"
        found = _webhook_key(await self._json("POST", place, body={}, name=name, as_tenant=True))
        if found is None:
            raise UnusableEnvironmentError(f"gateway, POST {place}: no secret in the answer")
        return found

    def webhook_key(self, flow: str) -> str | None:
        """The secret of the webhook of a flow that was registered here; None: it is public."""
        return self._webhook_keys[flow]

    def sender(self, flow: str) -> Access:
        """What orders show to that webhook."""
        return self._access.of_orders(self.webhook_key(flow))

    async def open_to_connectors(self, address: str, port: int, seconds: int) -> None:
        """Let connectors call an address of the environment's own for so long; for administrators of the platform."""
        await self._json(
            "PUT", f"{_OPENINGS}/{address}/{port}", params={"seconds": str(seconds)}, name=f"PUT {_OPENING}"
        )

    async def close_to_connectors(self, address: str, port: int) -> None:
        """End what was opened."""
        await self._json("DELETE", f"{_OPENINGS}/{address}/{port}", name=f"DELETE {_OPENING}")

    async def run(self, run: str) -> Document:
        """A run with its status and steps."""
        found = await self._json(
            "GET",
            f"/api/tenants/{self.tenant}/runs/{run}",
            name="GET /api/tenants/{tenant}/runs/{run}",
            as_tenant=True,
        )
        if not isinstance(found, dict):
            raise UnusableEnvironmentError(f"run {run}: not a JSON object")
        return found

    async def runs(self, after: str, limit: int) -> list[Document]:
        """The tenant's runs that follow the run `after`, oldest first, at most `limit` of them."""
        page = await self._json(
            "GET",
            f"/api/tenants/{self.tenant}/runs",
            params={"after": after, "limit": str(limit)},
            name="GET /api/tenants/{tenant}/runs",
            as_tenant=True,
        )
        return list(page["runs"])

    async def workload(self) -> dict[str, ShapeLoad]:
        """Every shape's processes by Horizon."""
        rows = await self._json("GET", "/horizon/api/workload", name="GET /horizon/api/workload")
        try:
            return {
                row["name"]: ShapeLoad(
                    waiting=int(row["length"]),
                    reserved=int(row["reserved"]),
                    oldest_wait=float(row.get("oldest_wait", 0)),
                    slots=int(row.get("processes", 0)),
                )
                for row in rows
            }
        except (KeyError, TypeError, ValueError) as error:
            raise UnusableEnvironmentError(f"/horizon/api/workload is not in the expected form: {error!r}") from error

    async def round_trip(self) -> float:
        """Seconds that the API takes, through the gateway, to say that a path below its own does not exist."""
        clock = asyncio.get_running_loop()
        began = clock.time()
        answer = await self._patiently("GET", "/api/", name="GET /api/")
        if answer.status_code != 404:
            raise UnusableEnvironmentError(f"gateway, GET /api/: {answer.status_code}, not 404")
        return clock.time() - began

    async def _json(
        self,
        method: str,
        path: str,
        *,
        name: str,
        body: Document | None = None,
        params: Mapping[str, str] | None = None,
        as_tenant: bool = False,
    ) -> Any:
        """`as_tenant`: with the tenant's key, where there is one."""
        access = self._of_tenant if as_tenant else None
        answer = await self._patiently(method, path, name=name, body=body, params=params, access=access)
        if answer.status_code == 401 and access is not None:
            # It has ended: a load may last longer than a key.
            await self.enter()
            access = self._of_tenant
            answer = await self._patiently(method, path, name=name, body=body, params=params, access=access)
        if not answer.is_success:
            raise (ServerError if answer.is_server_error else UnusableEnvironmentError)(
                f"gateway, {method} {path}: {answer.status_code} {answer.text.strip()[:500]}"
                f"{_NEEDS_KEY if answer.status_code == 401 else ''}"
            )
        try:
            return answer.json()
        except ValueError as error:
            raise UnusableEnvironmentError(f"gateway, {method} {path}: not JSON: {answer.text[:200]!r}") from error

    async def _patiently(
        self,
        method: str,
        path: str,
        *,
        name: str,
        body: Document | None = None,
        params: Mapping[str, str] | None = None,
        access: Access | None = None,
    ) -> httpx2.Response:
        """`name`: of the endpoint, without what differs from request to request. `access`: if it is not our own."""
        headers = (access or self._access).headers()
        clock = asyncio.get_running_loop()
        give_up = clock.time() + PATIENCE_SECONDS
        while True:
            began = clock.time()
            try:
                answer = await self._http.request(method, path, json=body, params=params, headers=headers)
                self._timings[name].append(clock.time() - began)
                self._failures[name] += answer.is_server_error or answer.status_code == 429
            except httpx2.HTTPError as error:
                if clock.time() > give_up:
                    raise UnusableEnvironmentError(
                        f"gateway, {method} {self.host}{path}: {type(error).__name__} {error}"
                    ) from error
                await asyncio.sleep(1)
                continue
            if answer.status_code not in {429, 503} or clock.time() > give_up:
                return answer
            await asyncio.sleep(retry_after(answer.headers.get("Retry-After")))

    async def _give_back(self) -> None:
        """Revoke the tenant's key. Where nothing answers it ends with its days."""
        if self._key_id:
            place = f"/api/tenants/{self.tenant}/keys/{self._key_id}"
            with suppress(httpx2.HTTPError):
                await self._http.delete(place, headers=self._access.headers())


def _webhook_key(answer: Any) -> str | None:
    """The secret that an answer tells of a flow's webhook."""
    webhook = answer.get("webhook") if isinstance(answer, dict) else None
    secret = webhook.get("secret") if isinstance(webhook, dict) else None
    return secret if isinstance(secret, str) else None


def retry_after(header: str | None) -> float:
    """Seconds that a Retry-After header asks for, 1 when it says nothing usable, 10 at most."""
    try:
        return min(max(float(header or 1), 0.1), 10.0)
    except ValueError:
        return 1.0
