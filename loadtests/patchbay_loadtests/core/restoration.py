"""Puts back what a load test changes for a while, however the load test ends: also when it is killed.

A process of its own holds the list of what to put back and the reading end of a pipe. When the pipe closes, because the
load test is done with it or because it is no more, the process puts everything back and ends. The same is written down
before the change, on the object in the cluster, so that it can be put back where that process has died too.
"""

import asyncio
import sys
from abc import ABC, abstractmethod
from asyncio.subprocess import PIPE
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ImportString, ValidationError

from patchbay_loadtests.core.cluster import FIELD_MANAGER, Cluster, Document
from patchbay_loadtests.core.errors import NotFoundError, UnusableEnvironmentError

# An API server that is away when the load test ends is waited for this long.
PATIENCE_SECONDS = 300.0
# What is left of an earlier load test may just be put back by its own process.
LEFTOVER_PATIENCE_SECONDS = 10.0
PAUSE_SECONDS = 1.0
READY = b"ready\n"
MARK = "patchbay.dev/loadtest-restore"
_KINDS = (
    "/apis/keda.sh/v1alpha1/namespaces/{}/scaledobjects",
    "/apis/apps/v1/namespaces/{}/deployments",
    "/apis/apps/v1/namespaces/{}/statefulsets",
)


class Undo(BaseModel, ABC):
    """How one change is put back; safe to do any number of times, also where the change was never made."""

    model_config = ConfigDict(frozen=True)

    @property
    @abstractmethod
    def what(self) -> str:
        """What was changed, for people."""

    @abstractmethod
    async def keep(self, cluster: Cluster) -> Self:
        """Write it down before the change is made; itself, with what it has to know besides."""

    @abstractmethod
    async def put_back(self, cluster: Cluster) -> None:
        """Make it as it was. NotFoundError: it is no more."""


class Restore(Undo):
    """A merge patch at `path` that undoes a change of the object at `object_path`.

    `applied`: which fields each of those who apply the object owned before (entries of `managedFields`).
    """

    path: str
    body: dict[str, Any]
    object_path: str
    applied: tuple[dict[str, Any], ...] = ()

    @property
    def what(self) -> str:
        return self.object_path

    async def keep(self, cluster: Cluster) -> Self:
        metadata = (await cluster.get(self.object_path))["metadata"]
        applied = tuple(entry for entry in metadata.get("managedFields", []) if entry.get("operation") == "Apply")
        complete = self.model_copy(update={"applied": applied})
        await cluster.merge(self.object_path, {"metadata": {"annotations": {MARK: complete.model_dump_json()}}})
        return complete

    async def put_back(self, cluster: Cluster) -> None:
        """Undo the change and give the fields back to their owners: the next to apply the object meets no conflict."""
        await cluster.merge(self.path, self.body)
        metadata = (await cluster.get(self.object_path))["metadata"]
        changes: Document = {"annotations": {MARK: None}}
        if entries := metadata.get("managedFields"):
            given_back = {_owner(entry) for entry in self.applied}
            others = [
                entry for entry in entries if entry.get("manager") != FIELD_MANAGER and _owner(entry) not in given_back
            ]
            changes |= {"managedFields": [*self.applied, *others], "resourceVersion": metadata["resourceVersion"]}
        await cluster.merge(self.object_path, {"metadata": changes})


class Removal(Undo):
    """Objects of a namespace that carry the label MARK, which is what keeps them in mind too."""

    namespace: str
    kinds: tuple[str, ...] = ("pods", "configmaps")

    @property
    def what(self) -> str:
        return f"{' and '.join(self.kinds)} with the label {MARK} in namespace {self.namespace}"

    async def keep(self, cluster: Cluster) -> Self:  # noqa: ARG002 - the objects do so themselves
        return self

    async def put_back(self, cluster: Cluster) -> None:
        for kind in self.kinds:
            path = f"/api/v1/namespaces/{self.namespace}/{kind}"
            await cluster.request("DELETE", path, params={"labelSelector": MARK})

    async def is_needed(self, cluster: Cluster) -> bool:
        """Whether there are such objects."""
        paths = [f"/api/v1/namespaces/{self.namespace}/{kind}" for kind in self.kinds]
        lists = [await cluster.found(path, {"labelSelector": MARK}) for path in paths]
        return any(listed["items"] for listed in lists if listed is not None)


class Entry(BaseModel):
    """An undo and its class, so that the process can be given those that others have defined."""

    model_config = ConfigDict(frozen=True)

    kind: ImportString[type[Undo]]
    values: dict[str, Any]

    @classmethod
    def of(cls, undo: Undo) -> Self:
        """The undo, ready to be written down."""
        return cls(kind=type(undo), values=undo.model_dump(mode="json"))

    def read(self) -> Undo:
        """The undo as it was written down."""
        return self.kind.model_validate(self.values)


class Settings(BaseModel):
    """The process's only argument."""

    model_config = ConfigDict(frozen=True)

    kubeconfig: Path
    context: str | None
    entries: tuple[Entry, ...]


class Restoring:
    """Within this context the objects may be changed; when it is left they are as the restores have them."""

    def __init__(self, kubeconfig: Path, context: str | None, *undos: Undo) -> None:
        self._kubeconfig = kubeconfig
        self._context = context
        self._undos = undos

    async def __aenter__(self) -> Self:
        async with Cluster(self._kubeconfig, self._context) as cluster:
            kept = [await undo.keep(cluster) for undo in self._undos]
        entries = tuple(map(Entry.of, kept))
        settings = Settings(kubeconfig=self._kubeconfig, context=self._context, entries=entries)
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            "from patchbay_loadtests.core.restoration import main; main()",
            settings.model_dump_json(),
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
            what = ", ".join(undo.what for undo in self._undos)
            raise UnusableEnvironmentError(f"not put back as it was: {what}; use the command put-back")


def undoing(changes: Document, found: Document) -> Document:
    """The merge patch that undoes the merge patch `changes` of the document `found`."""
    undone: Document = {}
    for key, change in changes.items():
        before = found.get(key)
        both = isinstance(change, dict) and isinstance(before, dict)
        # A null takes a field away that was not there.
        undone[key] = undoing(change, before or {}) if both else before
    return undone


async def put_leftovers_back(cluster: Cluster, *namespaces: str, faults: bool = False) -> list[str]:
    """Put back what load tests left that were killed together with the process above; what it was.

    `faults`: also what only these change, nodes and objects of their own; not everybody may look at them.

    What cannot be put back, or is not what a load test writes: UnusableEnvironmentError.
    """
    found: list[Undo] = []
    kinds = ["/api/v1/nodes"] if faults else []
    for kind in [*kinds, *(kind.format(namespace) for namespace in namespaces for kind in _KINDS)]:
        listed = await cluster.found(kind) or {"items": []}
        found += [
            _read_mark(mark, f"{kind}/{item['metadata']['name']}")
            for item in listed["items"]
            if (mark := (item["metadata"].get("annotations") or {}).get(MARK))
        ]
    if faults:
        removals = [Removal(namespace=namespace) for namespace in namespaces]
        found += [removal for removal in removals if await removal.is_needed(cluster)]
    for undo in found:
        await put_back_patiently(cluster, undo, LEFTOVER_PATIENCE_SECONDS)
    return [undo.what for undo in found]


async def put_back_patiently(cluster: Cluster, undo: Undo, seconds: float) -> None:
    """Try for so long; UnusableEnvironmentError after that."""
    clock = asyncio.get_running_loop()
    give_up = clock.time() + seconds
    while True:
        try:
            await undo.put_back(cluster)
        except NotFoundError:
            return
        except UnusableEnvironmentError:
            if clock.time() > give_up:
                raise
            await asyncio.sleep(PAUSE_SECONDS)
        else:
            return


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


async def _put_all_back(settings: Settings) -> bool:
    complete = True
    async with Cluster(settings.kubeconfig, settings.context) as cluster:
        for undo in (entry.read() for entry in reversed(settings.entries)):
            try:
                await put_back_patiently(cluster, undo, PATIENCE_SECONDS)
            except UnusableEnvironmentError as error:
                sys.stderr.write(f"{undo.what}: {error}\n")
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
