"""Directories of pods that have no room."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Iterable

from patchbay_loadtests.errors import UnusableEnvironmentError
from patchbay_local.host.processes import ProcessId

_SECONDS = 20


async def fill(processes: Iterable[ProcessId]) -> None:
    """Put a file system that is full over /tmp, as these processes see it."""
    await _run("fill", processes)


async def free(processes: Iterable[ProcessId]) -> None:
    """Take it away again, where the processes still run."""
    await _run("free", processes)


async def _run(act: str, processes: Iterable[ProcessId]) -> None:
    pids = [str(process.pid) for process in processes if process.is_alive()]
    command = [sys.executable, "-m", "patchbay_faults.machine.full_disk", act, *pids]
    program = await asyncio.create_subprocess_exec(*command, stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE)
    try:
        async with asyncio.timeout(_SECONDS):
            _, errors = await program.communicate()
    except TimeoutError:
        raise UnusableEnvironmentError(f"{act} of {len(pids)} directories: no end within {_SECONDS} s") from None
    finally:
        if program.returncode is None:
            program.kill()
            await program.wait()
    if program.returncode != 0:
        raise UnusableEnvironmentError(f"{act} of {len(pids)} directories: {errors.decode().strip()[-300:]}")
