"""The Redis that the program deploys, with its own command and configuration, as a process."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.pinned_tools import program as tool
from tests.ports import free_port

from .conftest import Program


class Redis:
    """Starts what the program's pod would, on files of the test."""

    def __init__(self, program: Program, directory: Path) -> None:
        for name in ("redis-server", "redis-cli", "flock"):
            tool(name)
        (container,) = program.one("StatefulSet", "redis").inputs["spec"]["template"]["spec"]["containers"]
        configuration = program.one("ConfigMap", "redis").inputs["data"]["redis.conf"]
        placed = configuration.replace("/etc/redis-acl", str(directory)).replace("dir /data", f"dir {directory}")
        (directory / "redis.conf").write_text(placed)
        (directory / "users.acl").write_text("user default on nopass ~* &* +@all\n")
        places = {"/data/lock": directory / "lock", "/etc/redis/redis.conf": directory / "redis.conf"}
        self._command = [str(places.get(word, word)) for word in [*container["command"], *container["args"]]]
        self._log = directory / "log"

    @contextmanager
    def running(self, port: int) -> Iterator[subprocess.Popen[bytes]]:
        with self._log.open("ab") as log:
            process = subprocess.Popen([*self._command, "--port", str(port)], stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def ask(port: int, *words: str) -> str:
    return subprocess.run(
        ["redis-cli", "-p", str(port), *words], capture_output=True, text=True, check=False
    ).stdout.strip()


def until_it_answers(port: int) -> None:
    deadline = time.monotonic() + 30
    while ask(port, "ping") != "PONG":
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_what_redis_has_answered_it_still_has_after_a_kill(program: Program, tmp_path: Path) -> None:
    redis, port = Redis(program, tmp_path), free_port()
    with redis.running(port):
        until_it_answers(port)
        for number in range(200):
            assert ask(port, "incr", "count") == str(number + 1)
    with redis.running(port):
        until_it_answers(port)
        assert ask(port, "get", "count") == "200"


def test_no_second_redis_writes_to_the_files_of_one_that_lives(program: Program, tmp_path: Path) -> None:
    redis, port, second_port = Redis(program, tmp_path), free_port(), free_port()
    with ExitStack() as stack:
        first = stack.enter_context(redis.running(port))
        until_it_answers(port)
        second = stack.enter_context(redis.running(second_port))
        assert second.wait(30) != 0
        assert ask(port, "ping") == "PONG"
        first.kill()
        first.wait()
        stack.enter_context(redis.running(second_port))
        until_it_answers(second_port)
