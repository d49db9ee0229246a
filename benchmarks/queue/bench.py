"""A Redis, worker processes and their journal, for one candidate."""

import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Self

import psutil

from benchmarks.queue.candidates import CANDIDATES


class Entry(NamedTuple):
    """A line of the journal; `at` in Unix seconds."""

    what: str
    process_id: str
    pid: int
    at: float


class Bench:
    """Starts from an empty Redis with an append-only file; ends everything it started."""

    def __init__(self, candidate: str) -> None:
        self.name = candidate
        self._directory = Path(tempfile.mkdtemp(prefix="queue-bench-"))
        self._journal = self._directory / "journal"
        self._journal.touch()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = int(probe.getsockname()[1])
        self.workers: list[subprocess.Popen[bytes]] = []
        self.start_redis()
        self.queue = CANDIDATES[candidate](self._port)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self.workers:
            worker.kill()
            worker.wait()
        self.kill_redis()
        shutil.rmtree(self._directory)

    def start_redis(self) -> None:
        """Start Redis on the same port and data; returns when it answers."""
        command = ["redis-server", "--port", str(self._port), "--bind", "127.0.0.1", "--dir", str(self._directory)]
        command += ["--appendonly", "yes", "--save", ""]
        self._redis = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        ping = ["redis-cli", "-p", str(self._port), "ping"]
        wait_for(lambda: b"PONG" in subprocess.run(ping, capture_output=True, check=False).stdout, 20)

    def kill_redis(self) -> None:
        """End Redis at once."""
        self._redis.kill()
        self._redis.wait()

    def redis_cpu_seconds(self) -> float:
        """CPU time of the server so far."""
        return _cpu(self._redis.pid)

    def start_worker(self) -> subprocess.Popen[bytes]:
        """Start a worker process."""
        command = [sys.executable, "-m", "benchmarks.queue.worker", self.name, str(self._port), str(self._journal)]
        with (self._directory / "worker.log").open("ab") as log:
            worker = subprocess.Popen(command, stdout=log, stderr=log)
        self.workers.append(worker)
        return worker

    def worker_figures(self, worker: subprocess.Popen[bytes]) -> tuple[float, float]:
        """CPU seconds and resident MiB of a worker."""
        return _cpu(worker.pid), psutil.Process(worker.pid).memory_info().rss / 2**20

    def stop_worker(self, worker: subprocess.Popen[bytes]) -> int:
        """SIGTERM; the exit code."""
        worker.send_signal(signal.SIGTERM)
        return worker.wait(90)

    def journal(self, what: str) -> list[Entry]:
        """The begins or the ends so far."""
        lines = [line.split() for line in self._journal.read_text().splitlines()]
        return [Entry(kind, process, int(pid), float(at)) for kind, process, pid, at in lines if kind == what]

    def ended(self) -> Counter[str]:
        """How often each process ended."""
        return Counter(entry.process_id for entry in self.journal("end"))


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether the condition came to hold in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def _cpu(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system
