"""The objects of one kind as the API server has them, kept up to date by a list and a watch."""

import json
import logging
from collections.abc import Callable, Mapping
from threading import Event, Lock
from typing import Any, Final, Generic, TypeVar

import httpx2
from pydantic import ValidationError

T = TypeVar("T")
_log = logging.getLogger("network-policy")
# The API server ends a watch after this; what broke without a word is noticed a little later.
_WATCH_SECONDS: Final = 60
_SILENCE_SECONDS: Final = 75.0
_Read = Callable[[Mapping[str, Any]], T]


class _EndedError(Exception):
    """The watch cannot be gone on with: the objects have to be listed again."""


class Watched(Generic[T]):
    """Safe to read from any thread while another one follows."""

    def __init__(
        self, client: httpx2.Client, path: str, read: _Read[T], changed: Event, *, pause_seconds: float = 1
    ) -> None:
        """`changed` is set when an object differs in what `read` takes from it. `pause_seconds`: after a failure."""
        self._client = client
        self._path = path
        self._read = read
        self._changed = changed
        self._pause_seconds = pause_seconds
        self._lock = Lock()
        self._objects: dict[str, T] | None = None

    def objects(self) -> dict[str, T] | None:
        """By `namespace/name`. None until they were listed once; what was known last while no API server answers."""
        with self._lock:
            return None if self._objects is None else dict(self._objects)

    def follow(self, end: Event) -> None:
        """Returns some time after `end` is set. No failure ends it."""
        trouble = ""
        while not end.is_set():
            try:
                version = self._list()
                trouble = ""
                while not end.is_set():
                    version = self._watch(version)
            except _EndedError:
                continue
            except (httpx2.HTTPError, ValidationError, ValueError, LookupError) as error:
                # Told once, not every second.
                if trouble != (trouble := f"{type(error).__name__}: {error}"):
                    _log.warning("%s: %s", self._path, trouble)
                end.wait(self._pause_seconds)

    def _list(self) -> str:
        response = self._client.get(self._path)
        response.raise_for_status()
        document = response.json()
        listed = {_key(item): self._read(item) for item in document["items"]}
        with self._lock:
            changed, self._objects = self._objects != listed, listed
        if changed:
            self._changed.set()
        return str(document["metadata"]["resourceVersion"])

    def _watch(self, version: str) -> str:
        """The version to go on from when the API server has ended the watch in order."""
        parameters: dict[str, str | int] = {
            "watch": "1",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": _WATCH_SECONDS,
        }
        with self._client.stream("GET", self._path, params=parameters, timeout=_SILENCE_SECONDS) as response:
            response.raise_for_status()
            for line in response.iter_lines():
                event = json.loads(line)
                if event["type"] == "ERROR":
                    raise _EndedError
                version = event["object"]["metadata"]["resourceVersion"]
                if event["type"] != "BOOKMARK":
                    self._take(event["object"], gone=event["type"] == "DELETED")
        return version

    def _take(self, item: Mapping[str, Any], *, gone: bool) -> None:
        key = _key(item)
        value = None if gone else self._read(item)
        with self._lock:
            objects = self._objects or {}
            if objects.get(key) == value:
                return
            # A copy: who reads has one of its own.
            self._objects = {name: one for name, one in objects.items() if name != key}
            if value is not None:
                self._objects[key] = value
        self._changed.set()


def _key(item: Mapping[str, Any]) -> str:
    return f"{item['metadata'].get('namespace', '')}/{item['metadata']['name']}"
