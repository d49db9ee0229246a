"""Redis and MariaDB as tests start them, on free loopback ports."""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from patchbay_runtime.storage import audit_schema

from tests.pinned_tools import program
from tests.ports import free_port

HOST = "127.0.0.1"
DATABASE_USER = "patchbay"
DATABASE_PASSWORD = "only-for-tests"
START_SECONDS = 180.0


class Server:
    """A server process that a test may stop and start again on the same port and data."""

    def __init__(self, command: list[str], port: int, ready: Callable[[], bool], log: Path) -> None:
        self.host = HOST
        self.port = port
        self._command = command
        self._ready = ready
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until it answers."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + START_SECONDS
        while not self._ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self._command[0]} did not start: {self._log.read_text()[-2000:]}")
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop in good order; a server that is not running is left alone."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def kill(self) -> None:
        """End it as a lost machine would: at once, without saving."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def _succeeds(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def own_redis(directory: Path) -> Server:
    """A started Redis with an append-only file, as in an environment, for tests that empty or end it."""
    port = free_port()
    command = [program("redis-server"), "--bind", HOST, "--port", str(port), "--dir", str(directory)]
    command += ["--appendonly", "yes", "--appendfsync", "everysec", "--save", ""]
    ping = [program("redis-cli"), "-h", HOST, "-p", str(port), "ping"]
    server = Server(
        command,
        port,
        lambda: b"PONG" in subprocess.run(ping, capture_output=True, check=False).stdout,
        directory / "redis.log",
    )
    server.start()
    return server


class Mariadb(Server):
    """A MariaDB on a copy of `files`, whose `patchbay` user has rights on the control and tenants' schemas only."""

    def __init__(self, directory: Path, files: Path, *options: str) -> None:
        data, socket_path, temporary = directory / "data", directory / "sock", directory / "tmp"
        shutil.copytree(files, data)
        temporary.mkdir()
        port = free_port()
        self._client = [program("mariadb"), "--no-defaults", "-uroot", f"--socket={socket_path}", "-N"]
        command = [
            program("mariadbd"),
            "--no-defaults",
            "--user=root",
            f"--datadir={data}",
            # In one that is shared a server that starts removes the temporary tables of all others.
            f"--tmpdir={temporary}",
            f"--socket={socket_path}",
            f"--bind-address={HOST}",
            f"--port={port}",
            "--skip-name-resolve",
            "--innodb-log-file-size=16M",
            "--innodb-buffer-pool-size=64M",
            "--max-connections=400",
            "--character-set-server=utf8mb4",
            *options,
        ]
        super().__init__(command, port, lambda: _succeeds([*self._client, "-e", "SELECT 1"]), directory / "log")

    def sql(self, statements: str) -> str:
        """Run as root, over the socket."""
        return subprocess.run([*self._client, "-e", statements], check=True, capture_output=True, text=True).stdout

    def make_account(self) -> None:
        """Make the control schema and the runtime's user."""
        account = f"'{DATABASE_USER}'@'%'"
        self.sql(f"""
            CREATE DATABASE patchbay CHARACTER SET utf8mb4;
            CREATE USER {account} IDENTIFIED BY '{DATABASE_PASSWORD}';
            GRANT ALL ON `patchbay`.* TO {account};
            GRANT ALL ON `tenant\\_%`.* TO {account};
        """)
        self.sql(";".join(audit_schema.statements("patchbay", account)))


@contextmanager
def own_mariadb(directory: Path, files: Path) -> Iterator[Mariadb]:
    """A started MariaDB with the runtime's account."""
    server = Mariadb(directory, files)
    server.start()
    server.make_account()
    yield server
    server.stop()
