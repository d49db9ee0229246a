"""Requests to the API server.

urllib3 rather than a client of its own kind: the AWS client brings it, and one request costs it a third of the time.
"""

import json
import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

import urllib3

from patchbay_standins.cluster_autoscaler.kube.connection import Connection

_TOKEN_SECONDS: Final = 60.0
_TIMEOUT: Final = urllib3.Timeout(connect=5, read=30)
# Only what fails before the server has seen the request is repeated here; a scan that fails is repeated as a whole.
_RETRIES: Final = urllib3.Retry(total=None, connect=1, read=0, redirect=0, status=0, other=0)


class ApiError(Exception):
    """The API server refused, or could not be reached (status 0)."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason


class Api:
    """One API server; safe to use from several threads."""

    def __init__(self, connection: Connection, user_agent: str) -> None:
        self._connection = connection
        self._pool = urllib3.PoolManager(
            maxsize=4,
            ssl_context=connection.tls,
            retries=_RETRIES,
            timeout=_TIMEOUT,
            headers={"User-Agent": user_agent},
        )
        self._token, self._token_read = connection.token, float("-inf")

    def read(self, path: str, parameters: Mapping[str, str] | None = None) -> bytes:
        """The body of the answer to a GET, as it came."""
        return self._request("GET", path, parameters)

    def get(self, path: str) -> dict[str, Any]:
        return _object(self.read(path))

    def find(self, path: str) -> dict[str, Any] | None:
        """Like `get`, None where there is nothing."""
        try:
            return self.get(path)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def create(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return _object(self._request("POST", path, body=body))

    def replace(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Raises ApiError with status 409 where the object has changed since it was read."""
        return _object(self._request("PUT", path, body=body))

    def _request(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> bytes:
        address = self._connection.server + path + (f"?{urlencode(parameters)}" if parameters else "")
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if token := self._current_token():
            headers["Authorization"] = f"Bearer {token}"
        content = None if body is None else json.dumps(body, separators=(",", ":"))
        try:
            answer = self._pool.request(method, address, body=content, headers=headers)
        except urllib3.exceptions.HTTPError as error:
            raise ApiError(0, "Unreachable", f"the API server does not answer ({type(error).__name__})") from None
        if answer.status >= 400:
            raise _failure(answer.status, answer.data)
        return answer.data

    def _current_token(self) -> str:
        file, now = self._connection.token_file, time.monotonic()
        if file is not None and now > self._token_read + _TOKEN_SECONDS:
            self._token, self._token_read = file.read_text().strip(), now
        return self._token


def _object(content: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(content)
    return found


def _failure(status: int, content: bytes) -> ApiError:
    try:
        told = json.loads(content)
        return ApiError(status, str(told.get("reason", "")), str(told.get("message", "")))
    except (ValueError, AttributeError):
        return ApiError(status, "", f"HTTP status {status}")
