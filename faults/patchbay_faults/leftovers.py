"""How each change is put back; safe to do any number of times, also where the change was never made."""

import json
import signal
from abc import abstractmethod
from pathlib import Path
from typing import Annotated, Literal

from patchbay_loadtests.errors import UnusableEnvironmentError
from patchbay_local.host.processes import ProcessId
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from patchbay_faults.kubectl import Kubectl
from patchbay_faults.machine import nodes

MARK = "patchbay.dev/fault"  # a label of what faults put into the cluster


class _Leftover(BaseModel):
    model_config = ConfigDict(frozen=True)

    @abstractmethod
    async def put_back(self, kubectl: Kubectl) -> None:
        """Make it as it was."""


class Scaled(_Leftover):
    """A workload (`deployment/name`) that was given another number of pods."""

    kind: Literal["scaled"] = "scaled"
    namespace: str
    workload: str
    replicas: int

    async def put_back(self, kubectl: Kubectl) -> None:
        await kubectl("-n", self.namespace, "scale", self.workload, f"--replicas={self.replicas}")


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


class RolledOut(_Leftover):
    """A Deployment whose container had another image."""

    kind: Literal["rolled_out"] = "rolled_out"
    namespace: str
    deployment: str
    container: str
    image: str

    async def put_back(self, kubectl: Kubectl) -> None:
        target = f"deployment/{self.deployment}"
        await kubectl("-n", self.namespace, "set", "image", target, f"{self.container}={self.image}")


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
    Scaled | Stopped | Cordoned | RolledOut | Created | Filled,
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
