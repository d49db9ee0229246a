"""A real Redis and a real MariaDB on free loopback ports, once per session."""

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from patchbay_runtime.migrations import migrate
from patchbay_runtime.settings import Settings

HOST = "127.0.0.1"
DATABASE_USER = "patchbay"
DATABASE_PASSWORD = "only-for-tests"
START_SECONDS = 60.0


def free_port() -> int:
    """A TCP port on loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def program(name: str) -> str:
    """The path of an installed server program, or a skip that says what to install."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if path is None:
        pytest.skip(f"{name} is not installed: apt-get install redis-server mariadb-server")
    return path


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


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Redis with an append-only file, as in an environment."""
    directory = tmp_path_factory.mktemp("redis")
    port = free_port()
    command = [program("redis-server"), "--bind", HOST, "--port", str(port), "--dir", str(directory)]
    command += ["--appendonly", "yes", "--appendfsync", "everysec", "--save", ""]
    ping = [program("redis-cli"), "-h", HOST, "-p", str(port), "ping"]
    server = Server(
        command,
        port,
        lambda: b"PONG" in subprocess.run(ping, capture_output=True, check=False).stdout,
        directory / "log",
    )
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def mariadb_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A MariaDB whose `patchbay` user has rights on the control schema and the tenants' schemas only."""
    directory = tmp_path_factory.mktemp("mariadb")
    data, socket_path = directory / "data", directory / "sock"
    port = free_port()
    subprocess.run(
        [
            program("mariadb-install-db"),
            "--no-defaults",
            "--user=root",
            f"--datadir={data}",
            "--skip-test-db",
            "--auth-root-authentication-method=normal",
            "--innodb-log-file-size=16M",
        ],
        check=True,
        capture_output=True,
    )
    command = [
        program("mariadbd"),
        "--no-defaults",
        "--user=root",
        f"--datadir={data}",
        f"--socket={socket_path}",
        f"--bind-address={HOST}",
        f"--port={port}",
        "--skip-name-resolve",
        "--innodb-log-file-size=16M",
        "--innodb-buffer-pool-size=64M",
        "--max-connections=400",
        "--character-set-server=utf8mb4",
    ]
    client = [program("mariadb"), "--no-defaults", "-uroot", f"--socket={socket_path}"]
    server = Server(command, port, lambda: _succeeds([*client, "-e", "SELECT 1"]), directory / "log")
    server.start()
    account = f"'{DATABASE_USER}'@'%'"
    statements = f"""
        CREATE DATABASE patchbay CHARACTER SET utf8mb4;
        CREATE USER {account} IDENTIFIED BY '{DATABASE_PASSWORD}';
        GRANT ALL ON `patchbay`.* TO {account};
        GRANT ALL ON `tenant\\_%`.* TO {account};
    """
    subprocess.run([*client, "-e", statements], check=True, capture_output=True)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def unmigrated_settings(
    redis_server: Server, mariadb_server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Settings:
    """Settings for both servers; the database may still be empty."""
    password_file = tmp_path_factory.mktemp("secrets") / "database-password"
    password_file.write_text(DATABASE_PASSWORD)
    return Settings(
        database_host=mariadb_server.host,
        database_port=mariadb_server.port,
        database_user=DATABASE_USER,
        database_password_file=password_file,
        redis_host=redis_server.host,
        redis_port=redis_server.port,
    )


@pytest.fixture(scope="session")
def settings(unmigrated_settings: Settings) -> Settings:
    """Settings for both servers, the control schema migrated."""
    migrate(unmigrated_settings)
    return unmigrated_settings
