"""The API server over HTTP: requests that are repeated while it is away, and errors that say what to do."""

import json
import random
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import httpx

from patchbay_standins.pulumi_plugins.kubernetes_provider.kubeconfig import Cluster
from patchbay_standins.pulumi_plugins.plugin.errors import ProviderError

JsonObject = dict[str, Any]

CONNECTIONS: Final = 64
# One that has never answered is rather at a wrong address; one that has is restarting, and back within this time.
FIRST_CONTACT_SECONDS: Final = 8.0
PATIENCE_SECONDS: Final = 45.0
FIRST_PAUSE_SECONDS: Final = 0.2
LONGEST_PAUSE_SECONDS: Final = 3.0
APPLY: Final = "application/apply-patch+yaml"  # JSON is YAML; there is no content type of its own for it
_TRANSIENT_STATUSES: Final = frozenset({429, 502, 503, 504})


class ApiError(ProviderError):
    """The API server refused a request."""

    def __init__(self, status: int, content: Mapping[str, Any]) -> None:
        self.status = status
        self.reason = str(content.get("reason", ""))
        self.message = str(content.get("message") or f"HTTP status {status}")
        details = content.get("details") or {}
        self.causes: list[Mapping[str, Any]] = details.get("causes") or []
        self.retry_after: float = float(details.get("retryAfterSeconds") or 0)
        super().__init__(self.message)


class UnreachableError(ProviderError):
    """The API server does not answer."""


class CancelledError(ProviderError):
    """The user cancelled the operation."""


class ApiServer:
    """One API server; safe to use from many threads at once."""

    def __init__(self, cluster: Cluster, cancelled: threading.Event, warn: Callable[[str], None]) -> None:
        self.cluster = cluster
        self.cancelled = cancelled
        self._warn = warn
        self._warned: set[str] = set()
        self._answered = False
        self._given_up = False
        self._client = httpx.Client(
            base_url=cluster.server,
            verify=cluster.tls if cluster.tls is not None else False,
            headers={"Authorization": f"Bearer {cluster.token}"} if cluster.token else {},
            limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
            timeout=httpx.Timeout(60, connect=5),
            # A proxy of the environment would be asked for loopback addresses as well.
            trust_env=False,
        )

    def get(self, path: str, **parameters: str) -> JsonObject:
        return self.request("GET", path, parameters)

    def find(self, path: str, **parameters: str) -> JsonObject | None:
        """Like `get`, None where there is nothing."""
        try:
            return self.get(path, **parameters)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def request(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        content_type: str = "application/json",
    ) -> JsonObject:
        """Sends a request until it is answered; every request made here has the same effect when it is repeated."""
        content = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        headers = {} if body is None else {"Content-Type": content_type}
        deadline = time.monotonic() + (PATIENCE_SECONDS if self._answered else FIRST_CONTACT_SECONDS)
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                response = self._client.request(method, path, params=parameters, content=content, headers=headers)
            except httpx.TransportError as error:
                self._pause(deadline, pause, self._unreachable(error))
            else:
                self._answered, self._given_up = True, False
                if response.status_code < 400:
                    self._pass_warnings_on(response)
                    return _json(response)
                failure = self._failure(response)
                if not _is_transient(failure):
                    raise failure
                self._pause(deadline, max(pause, failure.retry_after), failure)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    def sleep(self, seconds: float) -> None:
        """Waits, unless the user cancels."""
        if self.cancelled.wait(seconds):
            message = "cancelled"
            raise CancelledError(message)

    def _pause(self, deadline: float, seconds: float, failure: ProviderError) -> None:
        if self._given_up or time.monotonic() + seconds > deadline:
            # Other requests need not wait as long to learn the same.
            self._given_up = isinstance(failure, UnreachableError)
            raise failure
        self.sleep(seconds * random.uniform(0.8, 1.2))  # noqa: S311 - spreads retries, no secret

    def _unreachable(self, error: httpx.TransportError) -> UnreachableError:
        reason = str(error) or type(error).__name__
        return UnreachableError(
            f"the API server at {self.cluster.server} does not answer ({reason}): check that the cluster runs and that "
            f"this address, read from {self.cluster.origin}, is the right one"
        )

    def _failure(self, response: httpx.Response) -> ApiError:
        try:
            content = response.json()
        except ValueError:
            content = {"message": response.text.strip()[:500]}
        if not isinstance(content, dict):
            content = {"message": str(content)[:500]}
        if response.status_code == 401:
            content["message"] = (
                f"the API server at {self.cluster.server} does not accept the credentials of {self.cluster.origin}: "
                "renew them"
            )
        failure = ApiError(response.status_code, content)
        retry_after = response.headers.get("retry-after", "")
        if retry_after.isdigit():
            failure.retry_after = float(retry_after)
        return failure

    def _pass_warnings_on(self, response: httpx.Response) -> None:
        for header in response.headers.get_list("warning"):
            text = header.partition('"')[2].rpartition('"')[0] or header
            if text not in self._warned:
                self._warned.add(text)
                self._warn(text)


def _json(response: httpx.Response) -> JsonObject:
    content = response.json()
    if not isinstance(content, dict):
        message = f"{response.request.url} answered with something else than an object"
        raise ProviderError(message)
    return content


def _is_transient(failure: ApiError) -> bool:
    # An object that does not fit its schema is answered with 500 as well, but without a reason.
    if failure.status in _TRANSIENT_STATUSES or (failure.status == 500 and failure.reason):
        return True
    # Another writer came between; a field manager's conflict lists its causes and stays.
    return failure.status == 409 and failure.reason in ("Conflict", "AlreadyExists") and not failure.causes
