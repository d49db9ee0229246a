"""The worker's hold on the program that forks evaluation processes."""

import asyncio
import socket
import subprocess
import sys
from contextlib import ExitStack, suppress
from typing import Final, Self

from patchbay_runtime.evaluation.frames import HEADER, framed, length_of

START_SECONDS: Final = 60.0


class GoneError(Exception):
    """A process at the other end is not there any more."""


class ForkError(Exception):
    """The program could not make a process, or that ended at once."""


class Evaluator:
    """One evaluation process; `tenant` is set with its first step."""

    def __init__(self, pid: int, connection: socket.socket, nursery: "Nursery") -> None:
        self.pid = pid
        self.tenant: str | None = None
        self._connection = connection
        self._nursery = nursery
        self._loop = asyncio.get_running_loop()

    @property
    def ended(self) -> bool:
        """Whether it ended while nothing was asked of it; it says nothing of its own accord."""
        try:
            return self._connection.recv(1, socket.MSG_PEEK) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True

    async def send(self, message: bytes) -> None:
        """Send a message; GoneError if nobody is there."""
        try:
            await self._loop.sock_sendall(self._connection, framed(message))
        except OSError:
            raise GoneError from None

    async def receive(self, most: int) -> bytes:
        """The next message; GoneError if there is none, or one of more than `most` bytes and its kind."""
        length = length_of(await self._exactly(HEADER), most + 1)
        if length is None:
            raise GoneError
        return await self._exactly(length)

    async def _exactly(self, count: int) -> bytes:
        received = bytearray()
        while len(received) < count:
            try:
                part = await self._loop.sock_recv(self._connection, min(count - len(received), 2**18))
            except OSError:
                raise GoneError from None
            if not part:
                raise GoneError
            received += part
        return bytes(received)

    def close(self) -> None:
        """Let go of the connection, upon which an idle process ends."""
        self._connection.close()

    async def end(self) -> int | None:
        """Kill the process unless it has ended; how it ended, negative for a signal. None if nobody knows."""
        try:
            with suppress(GoneError):
                return await self._nursery.end(self.pid)
            return None
        finally:
            # Not before: it would end by itself, and how it ended would say nothing.
            self.close()


class Nursery:
    """The running program. One command at a time; a caller that is cancelled must not use it again."""

    def __init__(self, process: subprocess.Popen[bytes], control: socket.socket) -> None:
        self._process = process
        self._control = control
        self._asking = asyncio.Lock()

    @classmethod
    async def start(cls) -> Self:
        """Start the program without the worker's environment, files and session."""
        control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        control.setblocking(False)
        with theirs, ExitStack() as unused:
            unused.callback(control.close)
            process = subprocess.Popen(  # noqa: ASYNC220 - asyncio would wait for its end with a thread of its own
                [sys.executable, "-I", "-B", "-m", "patchbay_runtime.evaluation.program", str(theirs.fileno())],
                env={},
                cwd="/",
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
            unused.pop_all()
        nursery = cls(process, control)
        try:
            async with asyncio.timeout(START_SECONDS):
                await nursery._answer()
        except BaseException:
            nursery.close()
            raise
        return nursery

    async def fork(self) -> tuple[Evaluator, bool]:
        """A new process, and whether the kernel filters its system calls. Raises ForkError."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            answer = await self._ask(b"fork", theirs.fileno())
        if answer == b"none":
            ours.close()
            raise ForkError
        evaluator = Evaluator(int(answer), ours, self)
        try:
            return evaluator, await evaluator.receive(len(b"confined")) == b"confined"
        except GoneError:
            await evaluator.end()
            raise ForkError from None
        except BaseException:
            evaluator.close()
            raise

    async def end(self, pid: int) -> int:
        """Kill a process unless it has ended; how it ended, negative for a signal."""
        return int(await self._ask(b"end %d" % pid))

    async def _ask(self, command: bytes, *files: int) -> bytes:
        async with self._asking:
            try:
                socket.send_fds(self._control, [command], files)
                return await self._answer()
            except (OSError, GoneError):
                self._control.close()
                raise GoneError from None

    async def _answer(self) -> bytes:
        try:
            answer = await asyncio.get_running_loop().sock_recv(self._control, 64)
        except OSError:
            raise GoneError from None
        if not answer:
            raise GoneError
        return answer

    def close(self) -> None:
        """End the program, and with it all that it has forked."""
        self._process.kill()
        self._process.wait()
        # Whoever waits for an answer is woken by the program's end, and would never be by the socket's.
        if not self._asking.locked():
            self._control.close()
