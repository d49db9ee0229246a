"""A published file is fetched whole and verified, or refused; no server can hold it up for long."""

import datetime
import random
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from patchbay_local.build.tools import source
from patchbay_local.build.tools.fetch import DiskFullError, DownloadError, Limits, RefusedError, fetcher
from patchbay_local.build.tools.source import Source

from tests.local.release_pages import Mirror, Page, mirror, sha256
from tests.ports import free_port
from tests.waiting import until

PUBLISHED = "https://dl.example.test/v1/tool.tar.gz"
CONTENT = random.Random(7).randbytes(300_000)  # noqa: S311 - no secret
DIGEST = sha256(CONTENT)
PATIENT = Limits(connect_seconds=30, silence_seconds=30)  # for servers that answer, on a machine that is busy
IMPATIENT = Limits(connect_seconds=0.5, silence_seconds=0.5)


@pytest.fixture
def served() -> Iterator[Mirror]:
    with mirror() as opened:
        yield opened


def fetch(served: Mirror, path: Path, digest: str = DIGEST, limits: Limits = PATIENT) -> None:
    origin = Source(served.address)
    with fetcher(origin, limits) as opened:
        opened.fetch(PUBLISHED, path, digest, lambda _size, _total: None)


def ranges(served: Mirror) -> list[str | None]:
    return [headers.get("Range") for _, headers in served.gets]


def test_a_file_is_fetched_from_the_mirrors_folder_of_its_host(served: Mirror, tmp_path: Path) -> None:
    served.publish(PUBLISHED, Page(CONTENT))
    fetch(served, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert [path for path, _ in served.gets] == ["/dl.example.test/v1/tool.tar.gz"]


def test_a_file_with_another_checksum_is_refused_and_removed(served: Mirror, tmp_path: Path) -> None:
    served.publish(PUBLISHED, Page(CONTENT + b"and more"))
    with pytest.raises(RefusedError, match=r"REFUSED.*sha256:.*locked"):
        fetch(served, tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


def test_a_cut_off_download_goes_on_where_it_was_cut(served: Mirror, tmp_path: Path) -> None:
    served.publish(PUBLISHED, Page(CONTENT, cuts=[100_000, 50_000]))
    fetch(served, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert ranges(served) == [None, "bytes=100000-", "bytes=150000-"]


def test_a_server_without_ranges_is_asked_for_all_of_it_again(served: Mirror, tmp_path: Path) -> None:
    served.publish(PUBLISHED, Page(CONTENT, ranges=False, cuts=[100_000]))
    fetch(served, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert len(served.gets) == 2


def test_a_server_that_never_gets_further_is_given_up(served: Mirror, tmp_path: Path) -> None:
    served.publish(PUBLISHED, Page(CONTENT, ranges=False, cuts=[1000] * 100))
    with pytest.raises(DownloadError, match="cannot be fetched to its end"):
        fetch(served, tmp_path / "file")
    assert len(served.gets) == 2


def test_an_interrupted_download_is_gone_on_with_by_the_next_run(served: Mirror, tmp_path: Path) -> None:
    served.publish(PUBLISHED, Page(CONTENT))

    def interrupt(_size: int, _total: int | None) -> None:
        raise KeyboardInterrupt

    with fetcher(Source(served.address), PATIENT) as opened, pytest.raises(KeyboardInterrupt):
        opened.fetch(PUBLISHED, tmp_path / "file", DIGEST, interrupt)
    before = (tmp_path / "file").stat().st_size
    assert 0 < before < len(CONTENT)
    fetch(served, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert ranges(served) == [None, f"bytes={before}-"]


def test_the_rest_of_another_file_is_not_put_behind_what_is_there(served: Mirror, tmp_path: Path) -> None:
    other = bytes(len(CONTENT))
    page = served.publish(PUBLISHED, Page(other, etag='"old"', cuts=[100_000]))

    def replace(size: int, _total: int | None) -> None:
        if size == 100_000:
            page.content, page.etag = CONTENT, '"new"'

    with fetcher(Source(served.address), PATIENT) as opened:
        opened.fetch(PUBLISHED, tmp_path / "file", DIGEST, replace)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert ranges(served) == [None, "bytes=100000-"]


def test_a_file_that_is_there_already_is_not_asked_for(served: Mirror, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(CONTENT)
    fetch(served, tmp_path / "file")
    assert served.gets == []


def test_a_spoiled_file_as_long_as_the_right_one_is_fetched_again(served: Mirror, tmp_path: Path) -> None:
    served.publish(PUBLISHED, Page(CONTENT))
    fetch(served, tmp_path / "file")
    (tmp_path / "file").write_bytes(bytes(len(CONTENT)))
    fetch(served, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_a_server_that_falls_silent_is_given_up(served: Mirror, tmp_path: Path) -> None:
    served.publish(PUBLISHED, Page(CONTENT, stalls_after=0))
    with pytest.raises(DownloadError, match="cannot be fetched to its end: timed out"):
        fetch(served, tmp_path / "file", limits=IMPATIENT)
    until(lambda: len(served.gets) == 1)  # the server may get to it only after it was given up


def test_a_server_that_falls_silent_again_and_again_is_given_up(served: Mirror, tmp_path: Path) -> None:
    served.publish(PUBLISHED, Page(CONTENT, stalls_after=1000))
    limits = Limits(connect_seconds=30, silence_seconds=1, attempts=3)
    with pytest.raises(DownloadError, match="cannot be fetched to its end"):
        fetch(served, tmp_path / "file", limits=limits)
    until(lambda: len(served.gets) >= 1)
    assert len(served.gets) <= limits.attempts


def test_a_server_that_drips_is_given_up(served: Mirror, tmp_path: Path) -> None:
    served.publish(PUBLISHED, Page(CONTENT, drips=True))
    with pytest.raises(DownloadError, match="too slow"):
        fetch(served, tmp_path / "file", limits=Limits(connect_seconds=30, silence_seconds=30, slow_seconds=0.3))


def test_more_than_the_limit_is_not_taken(served: Mirror, tmp_path: Path) -> None:
    served.publish(PUBLISHED, Page(CONTENT))
    with pytest.raises(DownloadError, match="larger than 1000 bytes"):
        fetch(served, tmp_path / "file", limits=Limits(silence_seconds=30, largest_bytes=1000))


def test_a_file_that_is_not_there_is_told_by_its_status(served: Mirror, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"tool.tar.gz answers 404"):
        fetch(served, tmp_path / "file")


def test_a_redirect_is_followed_where_the_source_allows_it(served: Mirror, tmp_path: Path) -> None:
    served.publish(PUBLISHED, Page(location=f"{served.address}/elsewhere/tool"))
    served.pages["/elsewhere/tool"] = Page(CONTENT, cuts=[100_000])
    fetch(served, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT


@pytest.mark.parametrize("address", ["http://192.0.2.1/tool", "file:///etc/passwd", "ftp://127.0.0.1/tool"])
def test_a_redirect_away_from_https_is_not_followed(served: Mirror, tmp_path: Path, address: str) -> None:
    served.publish(PUBLISHED, Page(location=address))
    with pytest.raises(DownloadError, match="not https"):
        fetch(served, tmp_path / "file")
    assert not (tmp_path / "file").exists()


def test_redirects_in_a_circle_end(served: Mirror, tmp_path: Path) -> None:
    served.publish(PUBLISHED, Page(location=PUBLISHED.replace("https:/", served.address)))
    with pytest.raises(DownloadError, match="redirects more than"):
        fetch(served, tmp_path / "file")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def test_a_full_disk_is_told_as_such(served: Mirror, small_disk: Path) -> None:
    served.publish(PUBLISHED, Page(CONTENT))
    with pytest.raises(DiskFullError, match=r"no room for .*free some"):
        fetch(served, small_disk / "file")


def test_nobody_answers_at_a_closed_port() -> None:
    with fetcher(Source(f"http://127.0.0.1:{free_port()}"), IMPATIENT) as opened:
        problems = opened.unreachable([PUBLISHED, "https://other.example.test/x"])
    assert set(problems) == {PUBLISHED, "https://other.example.test/x"}


def test_a_network_that_swallows_packets_is_asked_once_for_all_files() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=8) as silent:
        silent.setblocking(False)
        calls, connections = 0, 0
        with fetcher(Source(f"http://127.0.0.1:{silent.getsockname()[1]}"), IMPATIENT) as opened:

            def is_asked() -> bool:
                nonlocal calls, connections
                problems = opened.unreachable([f"https://host{number}.example.test/x" for number in range(9)])
                assert len(problems) == 9
                calls += 1
                connections += _accepted(silent)
                return connections > 0

            until(is_asked)  # it gives up before it has begun to ask where the machine is busy
        assert connections + _accepted(silent) <= calls


def _accepted(listener: socket.socket) -> int:
    """Accepts and closes the connections that wait; tells how many there were."""
    count = 0
    with suppress(BlockingIOError):
        while True:
            listener.accept()[0].close()
            count += 1
    return count


def test_a_name_that_never_resolves_does_not_hold_up_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    forever = threading.Event()

    def resolve(*_arguments: object, **_options: object) -> None:
        forever.wait(60)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with fetcher(Source(), IMPATIENT) as opened:
        problems = opened.unreachable([PUBLISHED])
    assert not forever.is_set()
    forever.set()
    assert "no answer within" in problems[PUBLISHED] or "timed out" in problems[PUBLISHED]


@contextmanager
def _own_certificate(folder: Path) -> Iterator[int]:
    """An https server whose certificate is its own; yields its port."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), serial_number=1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_certificate_that_nobody_signed_is_not_taken(tmp_path: Path) -> None:
    with _own_certificate(tmp_path) as port, fetcher(Source(f"https://127.0.0.1:{port}"), PATIENT) as opened:
        problems = opened.unreachable([PUBLISHED])
        with pytest.raises(DownloadError, match="CERTIFICATE_VERIFY_FAILED"):
            opened.fetch(PUBLISHED, tmp_path / "file", DIGEST, lambda _size, _total: None)
    assert "CERTIFICATE_VERIFY_FAILED" in problems[PUBLISHED]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", Source()),
        ("off", None),
        ("https://mirror.example.test/releases/", Source("https://mirror.example.test/releases")),
        ("http://127.0.0.1:8081", Source("http://127.0.0.1:8081")),
    ],
)
def test_downloads_come_from_where_the_variable_says(
    monkeypatch: pytest.MonkeyPatch, value: str, expected: Source | None
) -> None:
    monkeypatch.setenv(source.VARIABLE, value)
    assert source.from_environment() == expected


@pytest.mark.parametrize(
    "value",
    [
        "http://user:secret@mirror.example.test",
        "mirror",
        "https://",
        "ftp://127.0.0.1/",
        "https://m/?secret",
        "https://m:x:y/",
    ],
)
def test_a_mirror_that_cannot_be_used_is_refused_without_showing_it(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv(source.VARIABLE, value)
    with pytest.raises(RuntimeError, match=r"PATCHBAY_DOWNLOADS.*`off`") as refused:
        source.from_environment()
    assert "secret" not in str(refused.value)


def test_only_a_mirror_on_this_machine_may_do_without_tls() -> None:
    here = httpx.URL("http://127.0.0.1:1/x")
    assert Source("http://127.0.0.1:1").allows(here)
    assert not Source().allows(here)
    assert not Source("https://mirror.example.test").allows(here)
    assert not Source("http://127.0.0.1:1").allows(httpx.URL("http://mirror.example.test/x"))
