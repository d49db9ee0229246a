"""The local OCI registry: pushed to on loopback only while images are built, read by the nodes from the bridge.

Two processes of Debian's docker-registry share one storage. The one that nodes reach refuses every write.
"""

import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import yaml

from patchbay_local.machine import addresses, paths
from patchbay_local.machine.daemons import Daemon, Supervisor
from patchbay_local.machine.journal import Journal, open_journal
from patchbay_local.machine.programs import bound, run

PUSH_HOST: Final = f"127.0.0.1:{addresses.REGISTRY_PORT}"
_NAME: Final = "push"
_SCOPE: Final = f"registry/{_NAME}"  # below that of the registry for nodes: it is ended with it
_DAEMON: Final = f"registry-{_NAME}"
_START_SECONDS: Final = 15.0


def configuration(address: str, *, read_only: bool) -> str:
    """A registry's configuration file, listening on one address."""
    return yaml.safe_dump(
        {
            "version": "0.1",
            "log": {"level": "warn", "accesslog": {"disabled": True}},
            "storage": {
                "filesystem": {"rootdirectory": str(paths.REGISTRY_STORAGE)},
                "delete": {"enabled": not read_only},
                "maintenance": {"readonly": {"enabled": read_only}},
            },
            "http": {"addr": address, "secret": os.urandom(16).hex()},
        }
    )


def write_configuration(name: str, address: str, *, read_only: bool) -> Path:
    """Write the configuration file and return its path."""
    file = paths.RUN / "registry" / f"{name}.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(configuration(address, read_only=read_only))
    return file


@contextmanager
def accepting_pushes() -> Iterator[None]:
    """A registry on loopback for as long as the block runs; were this process killed, it ends as well."""
    paths.REGISTRY_STORAGE.mkdir(parents=True, exist_ok=True)
    file = write_configuration(_NAME, PUSH_HOST, read_only=False)
    journal = open_journal()
    end_leftover(journal)
    supervisor = Supervisor(run=paths.RUN, logs=paths.LOGS, journal=journal, scope=_SCOPE)
    try:
        supervisor.ensure(
            Daemon(name=_DAEMON, argv=tuple(bound(["docker-registry", "serve", str(file)])), stop_grace_seconds=10)
        )
        wait_until_answering(PUSH_HOST, lambda: supervisor.process(_DAEMON) is not None)
        yield
    finally:
        supervisor.stop(_DAEMON)


def end_leftover(journal: Journal) -> None:
    """End the registry for pushes that a killed run left. Nothing happens where there is none."""
    journal.undo(_SCOPE)


def wait_until_answering(host: str, runs: Callable[[], bool] = lambda: True) -> None:
    """Return once the registry serves its API. Raises RuntimeError when it ends or takes too long."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if not runs():
            raise RuntimeError(f"the registry ended at once: see {paths.LOGS}/{_DAEMON}.log; is {host} in use?")
        try:
            with urllib.request.urlopen(f"http://{host}/v2/", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"the registry at {host} did not answer within {_START_SECONDS:.0f} s")


def holds(image: str, digest: str) -> bool:
    """Whether the storage has the image's manifest under this digest."""
    algorithm, _, value = digest.partition(":")
    revisions = _repository(image) / "_manifests" / "revisions"
    return (revisions / algorithm / value / "link").is_file() and _blob(digest).is_file()


def transfer_size(digest: str) -> int:
    """Bytes that a node which has nothing fetches for the image."""
    manifest = json.loads(_blob(digest).read_bytes())
    return sum(int(layer["size"]) for layer in manifest["layers"])


def collect_garbage() -> None:
    """Delete the images that no tag names any more. Nothing may be pushed meanwhile."""
    file = write_configuration("collect", PUSH_HOST, read_only=False)
    run(["docker-registry", "garbage-collect", "--delete-untagged", file], log=paths.LOGS / f"{_DAEMON}.log")


def _repository(image: str) -> Path:
    return paths.REGISTRY_STORAGE / "docker" / "registry" / "v2" / "repositories" / "patchbay" / image


def _blob(digest: str) -> Path:
    algorithm, _, value = digest.partition(":")
    return paths.REGISTRY_STORAGE / "docker" / "registry" / "v2" / "blobs" / algorithm / value[:2] / value / "data"
