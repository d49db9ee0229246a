"""Puts back what a load test changes for a while, however the load test ends: also when it is killed.

A process of its own holds the list of what to put back and the reading end of a pipe. When the pipe closes, because the
load test is done with it or because it is no more, the process puts everything back and ends.

    python -m patchbay_loadtests.restore SETTINGS
"""

import asyncio
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from patchbay_loadtests.cluster import FIELD_MANAGER, Cluster
from patchbay_loadtests.errors import NotFoundError, UnusableEnvironmentError

# An API server that is away when the load test ends is waited for this long.
PATIENCE_SECONDS = 300.0
PAUSE_SECONDS = 1.0
READY = b"ready\n"


class Restore(BaseModel):
    """A merge patch at `path` that undoes a change of the object at `object_path`."""

    model_config = ConfigDict(frozen=True)

    path: str
    body: dict[str, Any]
    object_path: str


class Settings(BaseModel):
    """The process's only argument."""

    model_config = ConfigDict(frozen=True)

    kubeconfig: Path
    context: str | None
    restores: tuple[Restore, ...]


class Restoring:
    """Within this context the objects may be changed; when it is left they are as the restores have them."""

    def __init__(self, kubeconfig: Path, context: str | None, *restores: Restore) -> None:
        self._settings = Settings(kubeconfig=kubeconfig, context=context, restores=restores)

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "patchbay_loadtests.restore",
            self._settings.model_dump_json(),
            stdin=PIPE,
            stdout=PIPE,
            # Ctrl-C reaches the load test alone, which then closes the pipe.
            start_new_session=True,
        )
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the pipes that were asked for are missing")
        if await self._process.stdout.readline() != READY:
            raise UnusableEnvironmentError("what is to be changed could not be kept safe; nothing was changed")
        self._pipe = self._process.stdin
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pipe.close()
        if await self._process.wait() and error is None:
            paths = ", ".join(restore.object_path for restore in self._settings.restores)
            raise UnusableEnvironmentError(f"not put back as it was: {paths}; update the stack")


async def put_back(cluster: Cluster, restore: Restore) -> None:
    """Undo the change, and let go of the fields: whoever applies the object next owns them without a conflict."""
    await cluster.merge(restore.path, restore.body)
    metadata = (await cluster.get(restore.object_path))["metadata"]
    entries = metadata.get("managedFields", [])
    others = [entry for entry in entries if entry.get("manager") != FIELD_MANAGER]
    if len(others) < len(entries):
        kept = {"managedFields": others, "resourceVersion": metadata["resourceVersion"]}
        await cluster.merge(restore.object_path, {"metadata": kept})


async def _put_all_back(settings: Settings) -> bool:
    clock = asyncio.get_running_loop()
    give_up = clock.time() + PATIENCE_SECONDS
    left = list(settings.restores)
    async with Cluster(settings.kubeconfig, settings.context) as cluster:
        while left:
            try:
                await put_back(cluster, left[0])
            except NotFoundError:
                left.pop(0)
            except UnusableEnvironmentError as error:
                if clock.time() > give_up:
                    sys.stderr.write(f"{left[0].object_path}: {error}\n")
                    return False
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                left.pop(0)
    return True


def main() -> None:
    """Wait for the pipe's end, then put everything back."""
    settings = Settings.model_validate_json(sys.argv[1])
    sys.stdout.buffer.write(READY)
    sys.stdout.flush()
    sys.stdin.buffer.read()
    if not asyncio.run(_put_all_back(settings)):
        sys.exit(1)


if __name__ == "__main__":
    main()
