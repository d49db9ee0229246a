"""The emulated account listens where it is asked to, and nowhere else."""

import http.client
import subprocess
import sys
import time
from pathlib import Path

from patchbay_local.deploy.emulator import Emulator
from patchbay_local.machine import addresses
from patchbay_standins.aws import IDENTITY_PATH

from tests.ports import free_port

ACCOUNT = "111122223333"


def answers(address: str, port: int) -> bool:
    connection = http.client.HTTPConnection(address, port, timeout=5)
    try:
        connection.request("GET", IDENTITY_PATH)
        return connection.getresponse().read().decode().startswith(ACCOUNT)
    except ConnectionRefusedError:
        return False
    finally:
        connection.close()


def test_an_account_answers_on_loopback_and_at_the_address_that_it_is_given(tmp_path: Path) -> None:
    port = free_port()
    arguments = ["--port", str(port), "--state", str(tmp_path), "--account", ACCOUNT, "--also-on", "127.0.0.5"]
    with subprocess.Popen([sys.executable, "-m", "patchbay_standins.aws", *arguments]) as process:
        try:
            deadline = time.monotonic() + 60
            while not answers("127.0.0.5", port):
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.1)
            assert answers("127.0.0.1", port)
            assert not answers("127.0.0.6", port)
        finally:
            process.terminate()
    assert process.returncode == 0


def test_only_the_account_of_this_machines_cluster_is_for_pods() -> None:
    assert {stack for stack in addresses.EMULATOR_PORTS if Emulator.of_stack(stack, ACCOUNT).for_pods} == {"local"}
