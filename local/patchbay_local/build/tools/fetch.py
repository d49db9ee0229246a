"""Fetching published files: verified, resumed where they were cut off, and bounded in time and size."""

import errno
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from patchbay_local.build.tools.partial import Partial
from patchbay_local.build.tools.source import Source
from patchbay_local.machine.programs import redacted

_REDIRECTS: Final = 5
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)

# The bytes that are here, and how many there will be (None: the server does not say).
Received = Callable[[int, int | None], None]


@dataclass(frozen=True)
class Limits:
    """How long a server is waited for, and how much is taken from it."""

    connect_seconds: float = 3.0
    silence_seconds: float = 15.0  # without a byte
    # Whatever comes slower than this over this time is built sooner than fetched.
    slow_bytes_per_second: int = 512 * 1024
    slow_seconds: float = 30.0
    attempts: int = 5  # each goes on where the one before was cut off
    largest_bytes: int = 1 << 30
    largest_text_bytes: int = 1 << 20


class DownloadError(RuntimeError):
    """A file that cannot be had; what it holds can still be built."""


class RefusedError(DownloadError):
    """A file that is not the one whose checksum is locked."""


class NoDownloadsError(DownloadError):
    """Nothing can be downloaded with the proxy or the certificates that the environment names."""


class DiskFullError(RuntimeError):
    """No room for a download, and so none for a build."""


class _CutOffError(Exception):
    """The server sent something that nothing can be appended to."""


class Fetcher:
    """An HTTP client that takes files from where `source` says, within `limits`."""

    def __init__(self, client: httpx.Client, source: Source, limits: Limits) -> None:
        self._client = client
        self._source = source
        self._limits = limits

    def unreachable(self, published: Iterable[str]) -> dict[str, str]:
        """The addresses that do not answer, and why: every host is asked once, all at the same time.

        Takes `connect_seconds` at most: resolving a name has no time limit, so a thread that hangs in it is left there.
        """
        addresses = {address: self._source.address(address) for address in published}
        by_host = {url.netloc: url for url in addresses.values()}
        answers: queue.SimpleQueue[tuple[bytes, str]] = queue.SimpleQueue()

        def ask(host: bytes, url: httpx.URL) -> None:
            try:
                self._client.head(url, timeout=self._limits.connect_seconds)
            except (httpx.HTTPError, RuntimeError) as error:  # RuntimeError: the client was closed meanwhile
                answers.put((host, _reason(error)))
            else:
                answers.put((host, ""))

        problems = dict.fromkeys(by_host, f"no answer within {self._limits.connect_seconds:g} s")
        for host, url in by_host.items():
            threading.Thread(target=ask, args=(host, url), daemon=True).start()
        end = time.monotonic() + self._limits.connect_seconds
        for _ in by_host:
            try:
                host, problem = answers.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                break
            problems[host] = problem
        return {
            address: f"{url.host} cannot be reached: {problems[url.netloc]}"
            for address, url in addresses.items()
            if problems[url.netloc]
        }

    def fetch(self, published: str, path: Path, digest: str, received: Received) -> None:
        """Make `path` the published file of this digest ("sha256:..."); what a former run left there is gone on with.

        Raises DownloadError; RefusedError, with nothing left of the file; DiskFullError.
        """
        partial = Partial(path, digest.partition(":")[0])
        url = self._source.address(published)
        with room_for(_shown(url), path.parent):
            self._complete(url, partial, digest, received)
        if (got := partial.digest) != digest:
            partial.remove()
            raise RefusedError(f"{_shown(url)} is REFUSED and removed: it has {got}, and {digest} is locked")

    def text(self, published: str) -> str:
        """A small published file. Raises DownloadError."""
        url = self._source.address(published)
        content = b""
        try:
            with self._answer(url, {}) as response:
                for chunk in response.iter_raw():
                    content += chunk
                    _check_size(url, len(content), self._limits.largest_text_bytes)
        except httpx.TransportError as error:
            raise DownloadError(f"{_shown(url)}: {_reason(error)}") from None
        return content.decode(errors="replace")

    def _complete(self, url: httpx.URL, partial: Partial, digest: str, received: Received) -> None:
        problem = ""
        for _ in range(self._limits.attempts):
            if partial.size and partial.digest == digest:
                return
            before = partial.size
            try:
                self._attempt(url, partial, received)
            except (_CutOffError, httpx.TransportError) as error:
                problem = _reason(error)
            else:
                return
            discarded = partial.size == 0 and before
            if partial.size <= before and not discarded:
                break  # nothing came of it
        raise DownloadError(f"{_shown(url)} cannot be fetched to its end: {problem}")

    def _attempt(self, url: httpx.URL, partial: Partial, received: Received) -> None:
        with self._answer(url, partial.range_headers()) as response:
            if response.status_code == 200:
                partial.begin(response)
            elif not response.headers.get("Content-Range", "").startswith(f"bytes {partial.size}-"):
                partial.remove()
                raise _CutOffError(f"status {response.status_code} for a part that was asked for")
            length = response.headers.get("Content-Length")
            total = partial.size + int(length) if length else None
            _check_size(url, total or 0, self._limits.largest_bytes)
            with partial.path.open("ab") as file:
                since, size_then = time.monotonic(), partial.size
                for chunk in response.iter_raw():
                    partial.write(file, chunk)
                    _check_size(url, partial.size, self._limits.largest_bytes)
                    received(partial.size, total)
                    elapsed = time.monotonic() - since
                    if elapsed >= self._limits.slow_seconds:
                        self._check_rate(url, (partial.size - size_then) / elapsed)
                        since, size_then = time.monotonic(), partial.size

    @contextmanager
    def _answer(self, url: httpx.URL, headers: dict[str, str]) -> Iterator[httpx.Response]:
        """The answer to a GET, after redirects to addresses that the source allows; 206 and 416 only to a Range."""
        accepted = (200, 206, 416) if headers else (200,)
        request = self._client.build_request("GET", url, headers=headers)
        for _ in range(_REDIRECTS):
            response = self._client.send(request, stream=True)
            try:
                if response.next_request is None:
                    if response.status_code not in accepted:
                        raise DownloadError(f"{_shown(url)} answers {response.status_code}")
                    yield response
                    return
                request = response.next_request
            finally:
                response.close()
            if not self._source.allows(request.url):
                raise DownloadError(f"{_shown(url)} redirects to {request.url.scheme}://{request.url.host}: not https")
        raise DownloadError(f"{_shown(url)} redirects more than {_REDIRECTS} times")

    def _check_rate(self, url: httpx.URL, bytes_per_second: float) -> None:
        if bytes_per_second < self._limits.slow_bytes_per_second:
            raise DownloadError(f"{_shown(url)} is too slow: {bytes_per_second / 1024:.0f} KiB/s")


@contextmanager
def fetcher(source: Source, limits: Limits) -> Iterator[Fetcher]:
    """Certificates are verified; proxies and SSL_CERT_FILE are taken from the environment.

    Raises NoDownloadsError where one of these cannot be used.
    """
    try:
        client = httpx.Client(
            timeout=httpx.Timeout(limits.silence_seconds, connect=limits.connect_seconds),
            trust_env=not source.is_loopback,
            headers={"Accept-Encoding": "identity"},
        )
    except (ImportError, OSError, ValueError, httpx.InvalidURL) as error:
        reason = redacted(_reason(error))
        message = f"downloads are not possible: {reason} (see ALL_PROXY, HTTPS_PROXY, SSL_CERT_FILE, SSL_CERT_DIR)"
        raise NoDownloadsError(message) from error
    with client:
        yield Fetcher(client, source, limits)


@contextmanager
def room_for(what: str, directory: Path) -> Iterator[None]:
    """Turns a full disk into an error that says so: DiskFullError."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        message = f"no room for {what} on the disk of {directory}: free some, and run again; it goes on from there"
        raise DiskFullError(message) from error


def _check_size(url: httpx.URL, size: int, largest: int) -> None:
    if size > largest:
        raise DownloadError(f"{_shown(url)} is larger than {largest} bytes")


def _shown(url: httpx.URL) -> str:
    """Without the credentials that a mirror's address may hold."""
    return f"{url.host}{url.path}"


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
