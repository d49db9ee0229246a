"""The process in which Locust runs."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO

from pydantic import BaseModel


@dataclass(frozen=True)
class LocustChild:
    """A driver that was started: it is told things on its input, and tells events on its output, a line each."""

    process: Process
    input: asyncio.StreamWriter
    output: asyncio.StreamReader


async def start(
    driver: str, settings: BaseModel, log: IO[bytes], *, variables: Mapping[str, str] | None = None
) -> LocustChild:
    """Run the module `driver` with its settings; what else it writes goes to the log.

    `variables`: added to its environment, where a secret is not seen by others as it would be among the arguments.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        driver,
        settings.model_dump_json(),
        stdin=PIPE,
        stdout=PIPE,
        stderr=log,
        env={**os.environ, **(variables or {})},
        # Ctrl-C reaches the parent alone, which then ends Locust in good order.
        start_new_session=True,
    )
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the pipes that were asked for are missing")
    return LocustChild(process, process.stdin, process.stdout)
