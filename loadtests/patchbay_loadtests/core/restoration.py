"""Puts back what a load test changes for a while, however the load test ends: also when it is killed.

A process of its own holds the list of what to put back and the reading end of a pipe. When the pipe closes, because the
load test is done with it or because it is no more, the process puts everything back and ends. The same is written on
each object before it is changed, so that it can be put back where that process has died too.

    python -m patchbay_loadtests.core.restoration SETTINGS
"""

import asyncio
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from patchbay_loadtests.core.cluster import FIELD_MANAGER, Cluster, Document
from patchbay_loadtests.core.errors import NotFoundError, UnusableEnvironmentError

# An API server that is away when the load test ends is waited for this long.
PATIENCE_SECONDS = 300.0
# What is left of an earlier load test may just be put back by its own process.
LEFTOVER_PATIENCE_SECONDS = 10.0
PAUSE_SECONDS = 1.0
READY = b"ready\n"
MARK = "patchbay.dev/loadtest-restore"


class Restore(BaseModel):
    """A merge patch at `path` that undoes a change of the object at `object_path`.

    `applied`: which fields each of those who apply the object owned before (entries of `managedFields`).
    """

    model_config = ConfigDict(frozen=True)

    path: str
    body: dict[str, Any]
    object_path: str
    applied: tuple[dict[str, Any], ...] = ()


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
        settings = self._settings
        async with Cluster(settings.kubeconfig, settings.context) as cluster:
            marked = [await _mark(cluster, restore) for restore in settings.restores]
        self._settings = settings.model_copy(update={"restores": tuple(marked)})
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "patchbay_loadtests.core.restoration",
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
            raise UnusableEnvironmentError(f"not put back as it was: {paths}; use the command put-back")


def undoing(changes: Document, found: Document) -> Document:
    """The merge patch that undoes the merge patch `changes` of the document `found`."""
    undone: Document = {}
    for key, change in changes.items():
        before = found.get(key)
        both = isinstance(change, dict) and isinstance(before, dict)
        # A null takes a field away that was not there.
        undone[key] = undoing(change, before or {}) if both else before
    return undone


async def put_leftovers_back(cluster: Cluster, *namespaces: str) -> list[str]:
    """Put back what load tests left that were killed together with the process above; the objects' paths.

    What cannot be put back, or is not what a load test writes: UnusableEnvironmentError.
    """
    found = []
    kinds = ("/apis/keda.sh/v1alpha1/namespaces/{}/scaledobjects", "/apis/apps/v1/namespaces/{}/deployments")
    for kind in (kind.format(namespace) for namespace in namespaces for kind in kinds):
        for item in (await cluster.found(kind) or {"items": []})["items"]:
            if mark := (item["metadata"].get("annotations") or {}).get(MARK):
                restore = _read_mark(mark, f"{kind}/{item['metadata']['name']}")
                await _put_back_patiently(cluster, restore, LEFTOVER_PATIENCE_SECONDS)
                found.append(restore.object_path)
    return found


async def put_back(cluster: Cluster, restore: Restore) -> None:
    """Undo the change, and give the fields back to who owned them: the next to apply the object meets no conflict."""
    await cluster.merge(restore.path, restore.body)
    metadata = (await cluster.get(restore.object_path))["metadata"]
    changes: Document = {"annotations": {MARK: None}}
    if entries := metadata.get("managedFields"):
        given_back = {_owner(entry) for entry in restore.applied}
        others = [
            entry for entry in entries if entry.get("manager") != FIELD_MANAGER and _owner(entry) not in given_back
        ]
        changes |= {"managedFields": [*restore.applied, *others], "resourceVersion": metadata["resourceVersion"]}
    await cluster.merge(restore.object_path, {"metadata": changes})


async def _mark(cluster: Cluster, restore: Restore) -> Restore:
    metadata = (await cluster.get(restore.object_path))["metadata"]
    applied = tuple(entry for entry in metadata.get("managedFields", []) if entry.get("operation") == "Apply")
    complete = restore.model_copy(update={"applied": applied})
    await cluster.merge(restore.object_path, {"metadata": {"annotations": {MARK: complete.model_dump_json()}}})
    return complete


def _read_mark(mark: str, object_path: str) -> Restore:
    try:
        restore = Restore.model_validate_json(mark)
    except ValidationError as error:
        raise UnusableEnvironmentError(f"{object_path}: annotation {MARK} cannot be read; remove it") from error
    # Whoever may write the annotation must not choose what the load test's rights change.
    if restore.object_path != object_path or restore.path not in {object_path, f"{object_path}/scale"}:
        raise UnusableEnvironmentError(f"{object_path}: annotation {MARK} is of another object; remove it")
    return restore


def _owner(entry: Document) -> tuple[Any, ...]:
    return entry.get("manager"), entry.get("operation"), entry.get("subresource")


async def _put_back_patiently(cluster: Cluster, restore: Restore, seconds: float) -> None:
    clock = asyncio.get_running_loop()
    give_up = clock.time() + seconds
    while True:
        try:
            await put_back(cluster, restore)
        except NotFoundError:
            return
        except UnusableEnvironmentError:
            if clock.time() > give_up:
                raise
            await asyncio.sleep(PAUSE_SECONDS)
        else:
            return


async def _put_all_back(settings: Settings) -> bool:
    complete = True
    async with Cluster(settings.kubeconfig, settings.context) as cluster:
        for restore in settings.restores:
            try:
                await _put_back_patiently(cluster, restore, PATIENCE_SECONDS)
            except UnusableEnvironmentError as error:
                sys.stderr.write(f"{restore.object_path}: {error}\n")
                complete = False
    return complete


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
