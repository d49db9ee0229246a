"""Images are built when their inputs change, and deployed by digest."""

import base64
import functools
import json
import os
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import psutil
import pytest
import yaml
from patchbay_local.build.images import build, buildah, debian, node_registry, registry
from patchbay_local.build.images.build import Record
from patchbay_local.build.images.catalogue import BY_NAME, DEPLOYED, Image
from patchbay_local.machine import addresses, occupied, paths
from patchbay_local.machine.addresses import PortUse
from patchbay_local.machine.changes import Process
from patchbay_local.machine.journal import Journal, open_journal

from tests.ports import free_port

CONTRACT = (
    "runtime redis mariadb prometheus haproxy json-exporter keda keda-metrics-adapter coredns pause cluster-autoscaler"
)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(paths, "REPOSITORY", tmp_path)
    monkeypatch.setattr(paths, "IMAGES", tmp_path / "images")
    (tmp_path / "runtime" / "package").mkdir(parents=True)
    (tmp_path / "runtime" / "package" / "code.py").write_text("one")
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    return tmp_path


def _image(repository: Path) -> Image:
    return Image("example", repository / "Dockerfile", sources=("runtime",))


def test_every_image_that_pods_use_is_in_the_catalogue() -> None:
    assert {image.name for image in DEPLOYED} == set(CONTRACT.split())


def test_the_autoscalers_image_holds_every_module_of_ours_that_the_program_loads() -> None:
    show = (
        "import sys, patchbay_standins.cluster_autoscaler.__main__ as main; "
        "print(*(found.__file__ for name, found in sys.modules.items() if name.startswith('patchbay_')))"
    )
    loaded = subprocess.run([sys.executable, "-c", show], check=True, capture_output=True, text=True).stdout.split()
    held = [paths.REPOSITORY / source for source in BY_NAME["cluster-autoscaler"].sources]
    assert held, "the image is made from a program that was given: unset PATCHBAY_CLUSTER_AUTOSCALER"
    assert len(loaded) > 20
    assert not [name for name in loaded if not any(Path(name).is_relative_to(source) for source in held)]


@pytest.mark.parametrize("image", DEPLOYED, ids=lambda image: image.name)
def test_no_image_runs_as_root(image: Image) -> None:
    lines = image.dockerfile.read_text().splitlines()
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert users, f"{image.dockerfile} sets no USER"
    assert users[-1].split(":")[0] not in {"0", "root"}


def test_a_changed_source_changes_the_stamp(repository: Path) -> None:
    before = _image(repository).stamp("base")
    (repository / "runtime" / "package" / "code.py").write_text("two")
    assert _image(repository).stamp("base") != before


def test_a_changed_base_changes_the_stamp(repository: Path) -> None:
    assert _image(repository).stamp("base") != _image(repository).stamp("another base")


def test_bytecode_neither_changes_the_stamp_nor_enters_the_image(repository: Path) -> None:
    before = _image(repository).stamp("base")
    cached = repository / "runtime" / "package" / "__pycache__"
    cached.mkdir()
    (cached / "code.pyc").write_text("compiled")
    assert _image(repository).stamp("base") == before
    context = _image(repository).prepare_context()
    names = {path.name for path in context.rglob("*") if path.is_file()}
    assert names == {"code.py"}


def test_a_cluster_autoscaler_that_is_given_takes_the_stand_ins_place(repository: Path) -> None:
    program = repository / "program"
    program.write_bytes(b"one")
    # The catalogue is made once, when it is first imported.
    show = "from patchbay_local.build.images.catalogue import BY_NAME; print(BY_NAME['cluster-autoscaler'].given)"
    environment = os.environ | {"PATCHBAY_CLUSTER_AUTOSCALER": str(program)}
    shown = subprocess.run([sys.executable, "-c", show], env=environment, check=True, capture_output=True, text=True)
    assert shown.stdout.strip() == str(program)


def test_a_given_program_is_what_its_image_is_made_of(repository: Path) -> None:
    program = repository / "program"
    program.write_bytes(b"one")
    image = Image("example", repository / "Dockerfile", given=program)
    before = image.stamp("base")
    program.write_bytes(b"two")
    assert image.stamp("base") != before
    placed = image.prepare_context() / "example"
    assert placed.read_bytes() == b"two"
    assert os.access(placed, os.X_OK)


def test_a_given_program_that_is_not_there_is_named(repository: Path) -> None:
    image = Image("example", repository / "Dockerfile", given=repository / "none")
    assert not build.is_current(image)
    with pytest.raises(FileNotFoundError, match="none cannot be read"):
        image.stamp("base")


def test_an_image_whose_program_is_not_built_yet_is_not_current(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "BIN", repository / "no-such-folder")
    monkeypatch.setattr(build, "records", lambda: {"pause": Record("stamp", "sha256:0", 1, 1)})
    assert not build.is_current(BY_NAME["pause"])


def test_the_lock_names_every_image_by_digest_at_the_registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "IMAGE_LOCK", tmp_path / "state" / "images.json")
    known = {image.name: Record("stamp", f"sha256:{number:064}", 1, 1) for number, image in enumerate(DEPLOYED)}
    monkeypatch.setattr(build, "records", lambda: known)
    build.write_lock()
    lock = json.loads((tmp_path / "state" / "images.json").read_text())
    assert set(lock) == set(CONTRACT.split())
    for name, reference in lock.items():
        assert reference.startswith(f"{addresses.REGISTRY_HOST}/patchbay/{name}@sha256:")


def test_the_lock_leaves_out_what_is_not_pushed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "IMAGE_LOCK", tmp_path / "images.json")
    monkeypatch.setattr(build, "records", lambda: {"pause": Record("stamp", None, 1, 0)})
    assert build.write_lock() == {}


def test_nodes_can_only_read_from_the_registry() -> None:
    settings = yaml.safe_load(registry.configuration("10.89.0.1:5000", read_only=True))
    assert settings["storage"]["maintenance"]["readonly"]["enabled"] is True
    assert settings["storage"]["delete"]["enabled"] is False
    assert settings["http"]["addr"] == "10.89.0.1:5000"


def test_images_are_made_from_the_mirrors_that_the_machine_uses() -> None:
    listing = (
        "Debian|http://mirror.example/debian/|bookworm|main\n"
        "Debian|http://mirror.example/debian/|bookworm|contrib\n"
        "Debian|http://mirror.example/security/|bookworm-security|main\n"
        "Other|http://other.example/apt/|stable|main\n"
    )
    assert debian.parse_sources(listing, "bookworm") == [
        "deb http://mirror.example/debian/ bookworm main",
        "deb http://mirror.example/security/ bookworm-security main",
    ]


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A Debian mirror without packages that wants a login; apt of this machine has the login in the address."""
    release = tmp_path / "mirror" / "debian" / "dists" / "bookworm"
    for architecture in ("amd64", "arm64"):
        (release / "main" / f"binary-{architecture}").mkdir(parents=True)
        (release / "main" / f"binary-{architecture}" / "Packages").touch()
    (release / "Release").write_text(
        "Origin: Debian\nCodename: bookworm\nArchitectures: amd64 arm64\nComponents: main\n"
    )
    wanted = f"Basic {base64.b64encode(b'user:s3c/ret').decode()}"

    class Handler(SimpleHTTPRequestHandler):
        def send_head(self) -> BytesIO | BinaryIO | None:
            if self.headers.get("Authorization") == wanted:
                return super().send_head()
            self.send_error(401)
            return None

        def log_message(self, *_: object) -> None:
            pass

    serve = functools.partial(Handler, directory=str(tmp_path / "mirror"))
    with ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        place = f"127.0.0.1:{server.server_port}/debian/"
        monkeypatch.setattr(debian, "_index_targets", lambda: f"Debian|http://user:s3c%2fret@{place}|bookworm|main\n")
        monkeypatch.setattr(debian, "release", lambda: "bookworm")
        monkeypatch.setattr(paths, "RUN", tmp_path / "run")
        yield f"http://{place}"
        server.shutdown()
        thread.join()


def test_a_mirrors_login_is_in_no_command_line_log_or_image(
    tmp_path: Path, mirror: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # mmdebstrap itself, but for what would have it install packages, which this mirror lacks and does not sign.
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "mmdebstrap").write_text(
        f"""#!/usr/bin/env python3
import os, sys
open("{tmp_path}/called", "w").write(repr(sys.argv))
words = [w for w in sys.argv[1:] if not w.startswith(("--variant", "--include", "--hook-dir"))]
words = [w.replace("deb http", "deb [trusted=yes] http") for w in words]
os.execv("/usr/bin/mmdebstrap", ["mmdebstrap", "--variant=custom", *words])
"""
    )
    (programs / "mmdebstrap").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    log, image = tmp_path / "log", tmp_path / "base.tar"
    debian.bootstrap(image, log)
    assert f"deb {mirror} bookworm main" in (tmp_path / "called").read_text()
    for file in (tmp_path / "called", log, image):
        assert b"s3c" not in file.read_bytes()
    with tarfile.open(image) as opened:
        held = opened.extractfile("./etc/apt/sources.list")
        assert held is not None
        assert held.read().decode().split() == ["deb", "[trusted=yes]", mirror, "bookworm", "main"]
    assert list((paths.RUN / "apt").iterdir()) == []


def test_build_steps_get_the_mirrors_logins_as_a_file_of_roots_own(
    tmp_path: Path, mirror: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, int]] = []

    def run(command: list[str], **_: object) -> str:
        mounts = [word.split(":") for word in command if word.endswith(":/etc/apt/auth.conf.d/mirrors.conf:ro")]
        seen.extend((Path(mount[0]).read_text(), Path(mount[0]).stat().st_mode & 0o777) for mount in mounts)
        return ""

    monkeypatch.setattr(buildah, "run", run)
    buildah.build("example", tmp_path / "Dockerfile", tmp_path, {}, tmp_path / "log")
    assert seen == [(f"machine {mirror} login user password s3c/ret\n", 0o600)]


def test_build_steps_get_pip_settings_with_the_environment_first() -> None:
    listing = (
        ":env:.index-url='https://index.example/simple'\nglobal.index-url='https://other.example'\nglobal.timeout='9'"
    )
    assert buildah.parse_pip_settings(listing) == {"index-url": "https://index.example/simple", "timeout": "9"}


def test_an_image_of_a_static_program_runs_through_build_push_and_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, port = tmp_path / "context", free_port()
    context.mkdir()
    (context / "hello").write_bytes(Path(sys.executable).resolve().read_bytes()[:4096])
    (context / "Dockerfile").write_text('FROM scratch\nCOPY hello /hello\nUSER 65532\nENTRYPOINT ["/hello"]\n')
    for name in ("IMAGES", "REGISTRY_STORAGE", "RUN", "LOGS"):
        monkeypatch.setattr(paths, name, tmp_path / name.lower())
    storage = ("--root", str(tmp_path / "storage"), "--runroot", str(tmp_path / "run"), "--storage-driver", "vfs")
    monkeypatch.setattr(buildah, "_STORAGE", storage)
    monkeypatch.setattr(registry, "PUSH_HOST", f"127.0.0.1:{port}")
    paths.IMAGES.mkdir()

    buildah.build("example", context / "Dockerfile", context, {}, tmp_path / "log")
    with registry.accepting_pushes():
        digest = buildah.push("example", f"{registry.PUSH_HOST}/patchbay/example:current", tmp_path / "log")

    assert registry.holds("example", digest)
    assert not registry.holds("example", "sha256:" + "0" * 64)
    assert registry.transfer_size(digest) > 0
    listening = subprocess.run(["ss", "-ltn"], check=True, capture_output=True, text=True).stdout
    assert f":{port} " not in listening


@pytest.fixture
def pushed_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PortUse:
    """Where the registry for pushes would listen, with all that it keeps in the test's own directory."""
    for name in ("REGISTRY_STORAGE", "RUN", "LOGS"):
        monkeypatch.setattr(paths, name, tmp_path / name.lower())
    use = PortUse(free_port(), "the image registry", "ports.registry")
    monkeypatch.setattr(registry, "PUSH_HOST", f"127.0.0.1:{use.port}")
    return use


def _is_listened_at(use: PortUse) -> bool:
    return any(
        connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == use.port
        for connection in psutil.net_connections("tcp")
    )


def test_the_registry_for_pushes_ends_with_a_run_that_is_killed(tmp_path: Path, pushed_to: PortUse) -> None:
    parent = f"""
import time
from pathlib import Path
from typing import BinaryIO
from patchbay_local.build.images import registry
from patchbay_local.machine import paths

for name in ("REGISTRY_STORAGE", "RUN", "LOGS"):
    setattr(paths, name, Path({str(tmp_path)!r}) / name.lower())
registry.PUSH_HOST = "127.0.0.1:{pushed_to.port}"
with registry.accepting_pushes():
    print("answers", flush=True)
    time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "answers\n"
            assert _is_listened_at(pushed_to)
            # It is the environment's own, and no reason to refuse the next run.
            assert list(occupied.listeners([pushed_to])) == []
        finally:
            process.kill()
    deadline = time.monotonic() + 15
    while _is_listened_at(pushed_to):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    with registry.accepting_pushes():
        assert _is_listened_at(pushed_to)
    assert not _is_listened_at(pushed_to)
    assert open_journal().pending() == []


@pytest.mark.usefixtures("pushed_to")
@pytest.mark.parametrize("end", [registry.end_leftover, node_registry.down])
def test_a_registry_for_pushes_that_is_left_is_ended_by_going_up_and_by_going_down(
    end: Callable[[Journal], None],
) -> None:
    journal = open_journal()
    pushes = registry.accepting_pushes()
    pushes.__enter__()
    (left,) = [entry.change for entry in journal.pending()]
    assert isinstance(left, Process)
    assert left.processes()
    end(journal)
    assert left.processes() == []
    assert journal.pending() == []
