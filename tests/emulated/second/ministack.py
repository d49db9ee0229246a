"""MiniStack as a process of a test's own, on loopback."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx2
from patchbay_local.build.own_environments import MINISTACK

from tests.ports import free_port

START_SECONDS = 60.0


def variables(directory: Path, port: int, *, account: str, region: str) -> Mapping[str, str]:
    """Its files lie in the directory, and there is no Docker for it to start anything with."""
    return {
        **os.environ,
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_ACCOUNT_ID": account,
        "MINISTACK_REGION": region,
        "TMPDIR": str(directory),
        "S3_DATA_DIR": str(directory / "s3"),
        "DOCKER_HOST": f"unix://{directory}/none",
    }


@contextmanager
def ministack(directory: Path, *, account: str, region: str) -> Iterator[str]:
    """The address of an empty account."""
    port = free_port()
    url, log = f"http://127.0.0.1:{port}", directory / "log"
    directory.mkdir(parents=True)
    with log.open("w") as output:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", str(MINISTACK.program("ministack"))],
            env=dict(variables(directory, port, account=account, region=region)),
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=directory,
        )
        try:
            _wait(url, process, log)
            yield url
        finally:
            process.terminate()
            process.wait(30)
            shutil.rmtree(directory / "s3", ignore_errors=True)


def _wait(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    with httpx2.Client(trust_env=False) as client:
        while True:
            try:
                if client.get(f"{url}/_localstack/health").is_success:
                    return
            except httpx2.HTTPError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"MiniStack did not start: {log.read_text()[-2000:]}") from None
            time.sleep(0.1)
