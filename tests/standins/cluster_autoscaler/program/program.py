"""The program as its image starts it, beside the test."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx

from tests.called import AUTOSCALER
from tests.http_requests import http
from tests.ports import free_port
from tests.standins.aws.account import REGION
from tests.standins.cluster_autoscaler.program.world import World, wait_for

# As quick as the flags allow; the tests say what differs.
QUICK = (
    "--cloud-provider=aws",
    "--scan-interval=200ms",
    "--scale-down-unneeded-time=1s",
    "--scale-down-delay-after-add=0s",
    "--node-delete-delay-after-taint=0s",
    "--leader-elect-retry-period=200ms",
)
BYPASS = "--bypassed-scheduler-names=default-scheduler"  # no scheduler says what it thinks of the tests' pods


class Program:
    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.process = process
        self._address = f"http://127.0.0.1:{port}"
        self._log = log

    def get(self, path: str) -> str:
        return http.get(self._address + path, timeout=5).text

    def metric(self, name: str) -> float:
        """One sample, by its name with labels. KeyError where there is none."""
        lines = (line.rpartition(" ") for line in self.get("/metrics").splitlines() if not line.startswith("#"))
        return float({key: value for key, _, value in lines}[name])

    def scans(self) -> float:
        return self.metric('cluster_autoscaler_function_duration_seconds_count{function="main"}')

    def wait_for_scans(self, count: int) -> None:
        """So many whole scans from here."""
        start = self.scans()
        wait_for(lambda: self.scans() >= start + count, f"{count} scans; {self.log()}")

    def times_of(self, text: str) -> list[datetime]:
        """When the program logged lines that end so."""
        lines = [line for line in self._log.read_text().splitlines() if line.endswith(text)]
        return [datetime.strptime(line[2:25], "%Y-%m-%d %H:%M:%S,%f").replace(tzinfo=UTC) for line in lines]

    def log(self) -> str:
        return self._log.read_text()[-4000:]

    def stop(self) -> int:
        """As a pod is stopped; the exit status."""
        self.process.terminate()
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


@contextmanager
def running(world: World, kubeconfig: Path, folder: Path, *flags: str) -> Iterator[Program]:
    """The program, pointed at the emulated account by a cloud configuration file, as upstream's is."""
    url, port = world.account.url, free_port()
    cloud = folder / "cloud.conf"
    services = ("autoscaling", "ec2", "eks")
    cloud.write_text("".join(_override(number, service, url) for number, service in enumerate(services)))
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "KUBE"))} | {
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "emulated",
        "AWS_SECRET_ACCESS_KEY": "emulated",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_EXECUTION_ENV": AUTOSCALER,
        "TZ": "UTC",
    }
    own = (f"--kubeconfig={kubeconfig}", f"--cloud-config={cloud}", f"--address=127.0.0.1:{port}")
    discovery = f"--node-group-auto-discovery={world.discovery}"
    command = [sys.executable, "-m", "patchbay_standins.cluster_autoscaler", *QUICK, discovery, *own, *flags]
    log = folder / "autoscaler.log"
    with log.open("wb") as sink:
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink)
    program = Program(process, port, log)
    try:
        wait_for(lambda: process.poll() is not None or _answers(program), "the program")
        assert process.poll() is None, program.log()
        yield program
    finally:
        # Gives the lease back, for which the next test would wait.
        program.stop()


def _override(number: int, service: str, url: str) -> str:
    where = f"Region = {REGION}\nURL = {url}\nSigningRegion = {REGION}"
    return f'[ServiceOverride "{number}"]\nService = {service}\n{where}\n'


def _answers(program: Program) -> bool:
    try:
        return program.scans() >= 1
    except (httpx.TransportError, KeyError):
        return False
