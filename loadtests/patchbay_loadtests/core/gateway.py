"""The environment's public HTTP API, as a customer reaches it through the gateway."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

import httpx2

from patchbay_loadtests.core.access import Access
from patchbay_loadtests.core.cluster import Document
from patchbay_loadtests.core.errors import ServerError, UnusableEnvironmentError
from patchbay_loadtests.core.latencies import endpoints_of
from patchbay_loadtests.core.traffic.protocol import Endpoint

REQUEST_SECONDS = 15.0
# How long a 429 or 503 is waited out before the environment is given up.
PATIENCE_SECONDS = 30.0
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
    """A client of one gateway and tenant."""

    def __init__(self, host: str, tenant: str, access: Access | None = None) -> None:
        self.host = host
        self.tenant = tenant
        access = access or Access.from_environment()
        self._http = httpx2.AsyncClient(
            base_url=host, timeout=REQUEST_SECONDS, trust_env=False, headers=access.headers(), verify=access.tls()
        )
        self._timings: defaultdict[str, list[float]] = defaultdict(list)
        self._failures: Counter[str] = Counter()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    def endpoints(self) -> tuple[Endpoint, ...]:
        """How long each endpoint took to answer this client."""
        return endpoints_of(self._timings, self._failures)

    async def register(self, flow: Document) -> int:
        """Make sure that the tenant exists and give it the flow; returns the flow's version."""
        await self._json("PUT", f"/api/tenants/{self.tenant}", name="PUT /api/tenants/{tenant}")
        registered = await self._json(
            "POST", f"/api/tenants/{self.tenant}/flows", body=flow, name="POST /api/tenants/{tenant}/flows"
        )
        return int(registered["version"])

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
            "GET", f"/api/tenants/{self.tenant}/runs/{run}", name="GET /api/tenants/{tenant}/runs/{run}"
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
    ) -> Any:
        answer = await self._patiently(method, path, name=name, body=body, params=params)
        if not answer.is_success:
            raise (ServerError if answer.is_server_error else UnusableEnvironmentError)(
                f"gateway, {method} {path}: {answer.status_code} {answer.text.strip()[:500]}"
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
    ) -> httpx2.Response:
        """`name`: of the endpoint, without what differs from request to request."""
        clock = asyncio.get_running_loop()
        give_up = clock.time() + PATIENCE_SECONDS
        while True:
            began = clock.time()
            try:
                answer = await self._http.request(method, path, json=body, params=params)
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


def retry_after(header: str | None) -> float:
    """Seconds that a Retry-After header asks for, 1 when it says nothing usable, 10 at most."""
    try:
        return min(max(float(header or 1), 0.1), 10.0)
    except ValueError:
        return 1.0
