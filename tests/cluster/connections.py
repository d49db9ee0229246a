"""Connections tried from where a pod is: in its own network namespace, so with its own address and labels."""

import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from lightkube import Client
from lightkube.resources.core_v1 import Pod

# What is let through is answered in milliseconds; a dropped packet is sent again after a second, and dropped again.
DROPPED_SECONDS = 1.5
PASSED_SECONDS = 15.0
_PROGRAM = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=float(sys.argv[3])).close()
except ConnectionRefusedError:
    print("refused")
except TimeoutError:
    print("dropped")
else:
    print("passed")
"""


@dataclass(frozen=True)
class Workload:
    """Any running pod of a namespace that has these labels."""

    namespace: str
    labels: Mapping[str, str] = field(hash=False)

    def __str__(self) -> str:
        return f"{self.namespace}/{','.join(self.labels.values())}"

    def pod(self, kubernetes: Client) -> Pod:
        pods = kubernetes.list(Pod, namespace=self.namespace, labels=dict(self.labels))
        running = [pod for pod in pods if pod.status and pod.status.phase == "Running"]
        assert running, f"{self}: no pod runs"
        return running[0]

    def address(self, kubernetes: Client) -> str:
        status = self.pod(kubernetes).status
        assert status
        assert status.podIP
        return status.podIP

    def attempt(self, kubernetes: Client, address: str, port: int, seconds: float) -> str:
        """`passed`, `refused` (by the other end, so it got there) or `dropped`."""
        metadata = self.pod(kubernetes).metadata
        assert metadata
        assert metadata.uid
        return attempt(address, port, seconds, inside=process_of(metadata.uid))


@dataclass(frozen=True)
class Attempt:
    """A connection from a workload, or from this machine, to a workload or an address."""

    client: Workload | None
    server: Workload | str
    port: int

    def __str__(self) -> str:
        return f"{self.client or 'this machine'} to {self.server}, port {self.port}"

    def result(self, kubernetes: Client, seconds: float) -> str:
        address = self.server if isinstance(self.server, str) else self.server.address(kubernetes)
        if self.client is None:
            return attempt(address, self.port, seconds)
        return self.client.attempt(kubernetes, address, self.port, seconds)


def together(kubernetes: Client, attempts: Iterable[Attempt]) -> dict[Attempt, str]:
    """What becomes of attempts that are expected to be dropped, and so take their time: of all at once."""
    tried = list(attempts)
    with ThreadPoolExecutor(len(tried)) as pool:
        return dict(zip(tried, pool.map(lambda one: one.result(kubernetes, DROPPED_SECONDS), tried), strict=True))


def process_of(uid: str) -> int:
    """A process of the pod, which this machine sees as its own."""
    give_up = time.monotonic() + PASSED_SECONDS
    while time.monotonic() < give_up:
        for file in Path("/proc").glob("[0-9]*/cgroup"):
            try:
                if f"pod{uid}" in file.read_text():
                    return int(file.parent.name)
            except (FileNotFoundError, ProcessLookupError):
                continue
        time.sleep(0.2)
    raise AssertionError(f"no process of pod {uid} runs on this machine")


def attempt(address: str, port: int, seconds: float, *, inside: int | None = None) -> str:
    """From this machine, or from the network namespace of a process."""
    entering = [] if inside is None else ["nsenter", f"--net=/proc/{inside}/ns/net"]
    argv = [*entering, sys.executable, "-c", _PROGRAM, address, str(port), str(seconds)]
    return subprocess.run(argv, check=True, capture_output=True, text=True, timeout=seconds + 30).stdout.strip()
