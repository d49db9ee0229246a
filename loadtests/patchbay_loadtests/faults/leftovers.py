"""How each change is put back; safe to do any number of times, also where the change was never made."""

import json
import signal
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from patchbay_local.machine.processes import ProcessId
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.faults.kubectl import Kubectl
from patchbay_loadtests.faults.machine import nodes

FIELD_MANAGER = "patchbay-faults"
MARK = "patchbay.dev/fault"  # a label of what faults put into the cluster


class _Leftover(BaseModel):
    model_config = ConfigDict(frozen=True)

    @abstractmethod
    async def put_back(self, kubectl: Kubectl) -> None:
        """Make it as it was."""


class Patched(_Leftover):
    """A workload (`deployment/name`) that was changed; `back` is the patch that undoes it."""

    kind: Literal["patched"] = "patched"
    namespace: str
    workload: str
    back: dict[str, Any]

    async def put_back(self, kubectl: Kubectl) -> None:
        await patch(kubectl, self.namespace, self.workload, self.back)
        await self._let_go(kubectl)

    async def _let_go(self, kubectl: Kubectl) -> None:
        """Give up the fields: whoever applies the object next owns them without a conflict."""
        shown = await kubectl("-n", self.namespace, "get", self.workload, "-o", "json", "--show-managed-fields")
        metadata = json.loads(shown)["metadata"]
        entries = metadata.get("managedFields", [])
        others = [entry for entry in entries if entry.get("manager") != FIELD_MANAGER]
        if len(others) < len(entries):
            kept = {"managedFields": others, "resourceVersion": metadata["resourceVersion"]}
            await patch(kubectl, self.namespace, self.workload, {"metadata": kept}, kind="merge")


async def patch(
    kubectl: Kubectl, namespace: str, workload: str, changes: Mapping[str, Any], kind: str = "strategic"
) -> None:
    """Change a workload under a name of our own."""
    how = (f"--type={kind}", f"--field-manager={FIELD_MANAGER}", f"--patch={json.dumps(changes)}")
    await kubectl("-n", namespace, "patch", workload, *how)


def with_pods(number: int) -> dict[str, Any]:
    """A patch to so many pods."""
    return {"spec": {"replicas": number}}


def with_image(container: str, image: str) -> dict[str, Any]:
    """A patch of a container's image."""
    return {"spec": {"template": {"spec": {"containers": [{"name": container, "image": image}]}}}}


class Stopped(_Leftover):
    """A process that was sent SIGSTOP."""

    kind: Literal["stopped"] = "stopped"
    process: ProcessId

    async def put_back(self, kubectl: Kubectl) -> None:  # noqa: ARG002 - nothing of it is the cluster's
        self.process.send(signal.SIGCONT)


class Cordoned(_Leftover):
    """A node that takes no new pods. Meanwhile it may have been given back."""

    kind: Literal["cordoned"] = "cordoned"
    node: str

    async def put_back(self, kubectl: Kubectl) -> None:
        if await kubectl("get", "node", self.node, "--ignore-not-found", "-o", "name"):
            await kubectl("uncordon", self.node)


class Created(_Leftover):
    """Objects that carry the mark."""

    kind: Literal["created"] = "created"
    namespace: str
    types: str = "pods,configmaps"

    async def put_back(self, kubectl: Kubectl) -> None:
        selected = ("-l", MARK, "--ignore-not-found", "--wait=false")
        await kubectl("-n", self.namespace, "delete", self.types, *selected)


class Filled(_Leftover):
    """A node whose disk was filled. It has that disk for as long as it lives."""

    kind: Literal["filled"] = "filled"
    node: str

    async def put_back(self, kubectl: Kubectl) -> None:  # noqa: ARG002 - nothing of it is the cluster's
        if nodes.lives(self.node):
            nodes.ballast(self.node).unlink(missing_ok=True)


Leftover = Annotated[
    Patched | Stopped | Cordoned | Created | Filled,
    Field(discriminator="kind"),
]
_LEFTOVER: TypeAdapter[Leftover] = TypeAdapter(Leftover)


class Ledger:
    """What faults have changed and not yet put back: a line each, written before the change is made."""

    def __init__(self, path: Path, kubectl: Kubectl) -> None:
        self._path = path
        self._kubectl = kubectl

    def record(self, leftover: Leftover) -> None:
        """Must return before the change is made. What is recorded already keeps its first state."""
        if leftover not in self.pending():
            self._write([*self.pending(), leftover])

    def pending(self) -> list[Leftover]:
        """Oldest first."""
        try:
            lines = self._path.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        return [_LEFTOVER.validate_python(json.loads(line)) for line in lines]

    async def put_back(self) -> list[str]:
        """Put everything back, latest first; what fails stays recorded. Answers what was put back."""
        done: list[str] = []
        failures = []
        for leftover in reversed(self.pending()):
            try:
                await leftover.put_back(self._kubectl)
            except (UnusableEnvironmentError, OSError) as error:
                failures.append(str(error))
                continue
            self._write([other for other in self.pending() if other != leftover])
            done.append(leftover.kind)
        if failures:
            raise UnusableEnvironmentError("not put back: " + "; ".join(failures))
        return done

    def _write(self, leftovers: list[Leftover]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        partial = self._path.with_suffix(".partial")
        partial.write_text("".join(f"{leftover.model_dump_json()}\n" for leftover in leftovers), encoding="utf-8")
        partial.replace(self._path)
