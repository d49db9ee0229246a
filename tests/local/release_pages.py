"""A server on loopback with the layout of a mirror of release pages, which misbehaves where it is told to."""

import hashlib
import io
import tarfile
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

from patchbay_local.build.tools.modules import GoModule
from patchbay_local.build.tools.releases import Release


@dataclass
class Page:
    """What the server does when a path is asked for.

    `cuts`: after how many bytes the connection is closed, for one request after the other. `stalls_after`: so many
    bytes, then silence. `drips`: one byte at a time, for ever.
    """

    content: bytes = b""
    status: int = 200
    location: str = ""
    etag: str = '"1"'
    ranges: bool = True
    cuts: list[int] = field(default_factory=list)
    stalls_after: int | None = None
    drips: bool = False


@dataclass
class Mirror:
    """The running server: its address, its pages by path, and what it was asked for."""

    address: str
    pages: dict[str, Page] = field(default_factory=dict)
    gets: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    heads: Counter[str] = field(default_factory=Counter)
    closing: threading.Event = field(default_factory=threading.Event)

    def publish(self, published: str, page: Page) -> Page:
        """Serve a file that a project publishes at https://HOST/PATH."""
        self.pages[published.removeprefix("https:/")] = page
        return page


@contextmanager
def mirror() -> Iterator[Mirror]:
    """Serve until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            served.heads[self.path] += 1
            self.send_response(404)
            self.end_headers()

        def do_GET(self) -> None:
            served.gets.append((self.path, dict(self.headers.items())))
            answer(self, served, served.pages.get(self.path, Page(status=404)))

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served = Mirror(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield served
    finally:
        served.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()


def answer(request: BaseHTTPRequestHandler, served: Mirror, page: Page) -> None:
    """Send a page as a file server does, with whatever the page does wrong."""
    if page.location:
        request.send_response(302)
        request.send_header("Location", page.location)
        request.end_headers()
        return
    begin, status = 0, page.status
    asked = request.headers.get("Range")
    if asked and page.ranges and request.headers.get("If-Range") == page.etag:
        begin, status = int(asked.removeprefix("bytes=").removesuffix("-")), 206
        if begin >= len(page.content):
            status = 416
    body = b"" if status in (404, 416) else page.content[begin:]
    request.send_response(status)
    request.send_header("Content-Length", str(len(body)))
    request.send_header("ETag", page.etag)
    if status == 206:
        request.send_header("Content-Range", f"bytes {begin}-{len(page.content) - 1}/{len(page.content)}")
    request.end_headers()
    if page.drips:
        for byte in body:
            request.wfile.write(bytes([byte]))
            if served.closing.wait(0.02):
                return
    elif page.stalls_after is not None:
        request.wfile.write(body[: page.stalls_after])
        served.closing.wait()
    else:
        request.wfile.write(body[: page.cuts.pop(0)] if page.cuts else body)


def archive(members: Mapping[str, bytes | str]) -> bytes:
    """A compressed tar archive; a member that is text is a symbolic link to it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as opened:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            if isinstance(content, str):
                entry.type, entry.linkname = tarfile.SYMTYPE, content
                opened.addfile(entry)
            else:
                entry.size = len(content)
                opened.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def sha256(content: bytes) -> str:
    """As it is locked."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


GO_MOD: Final = "module example.com/numbers\n\ngo 1.21\n\nrequire example.com/one v1.2.3 // indirect\n"
_SAYS: Final = 'package main\n\nfunc main() {{ println("{}") }}\n'


def numbers(folder: Path) -> GoModule:
    """Three programs; two of them are released as well."""
    for name in ("one", "two", "three"):
        (folder / name).mkdir(parents=True)
        (folder / name / "main.go").write_text(_SAYS.format("built"))
    (folder / "go.mod").write_text(GO_MOD)
    links = {name: name for name in ("one", "two", "three")}
    return GoModule("numbers", folder, tuple(f"./{name}" for name in links), links, {})


def releases(module: GoModule) -> tuple[Release, ...]:
    """Of two of its programs, each at a host of its own."""
    return tuple(
        Release(
            name=name,
            module=module,
            required="example.com/one",
            archive=f"https://{name}.example.test/v{{version}}/{name}-{{arch}}.tar.gz",
            checksums=f"https://{name}.example.test/v{{version}}/SHA256SUMS",
            members=(f"{name}-{{version}}/{name}",),
        )
        for name in ("one", "two")
    )
