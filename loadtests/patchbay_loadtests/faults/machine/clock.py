"""The library that puts a program's wall clock off."""

import asyncio
import shutil
import subprocess
import tempfile
from importlib.resources import as_file, files
from pathlib import Path

from patchbay_loadtests.core.errors import UnusableEnvironmentError

OFFSET_VARIABLE = "PATCHBAY_CLOCK_OFFSET"
_COMPILE_SECONDS = 60


async def library() -> bytes:
    """A shared object for LD_PRELOAD; the offset is read from OFFSET_VARIABLE, in seconds."""
    return await asyncio.to_thread(_compile)


def _compile() -> bytes:
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise UnusableEnvironmentError("a C compiler is needed to put a clock off: install gcc and libc6-dev")
    with (
        tempfile.TemporaryDirectory() as directory,
        as_file(files("patchbay_loadtests.faults.machine") / "native" / "clock.c") as source,
    ):
        target = Path(directory) / "clock.so"
        command = [compiler, "-shared", "-fPIC", "-O2", "-o", str(target), str(source)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_COMPILE_SECONDS)
        if done.returncode != 0:
            raise UnusableEnvironmentError(f"{source.name} does not compile: {done.stderr.strip()[-300:]}")
        return target.read_bytes()
