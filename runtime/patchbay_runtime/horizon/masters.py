"""`/horizon/api/masters`: a worker pod is a master with one supervisor, whose queue is the pod's shape."""

from collections.abc import Mapping
from typing import Literal

from typing_extensions import TypedDict

from patchbay_runtime.catalog import Shape
from patchbay_runtime.horizon.stats import CONNECTION
from patchbay_runtime.quantity import mebibytes
from patchbay_runtime.queue import MAX_DELIVERIES, Snapshot, WorkerRecord


class SupervisorOptions(TypedDict):
    """Horizon's options; those that mean nothing here have Horizon's defaults."""

    balance: str
    connection: str
    queue: str
    backoff: int
    force: bool
    maxProcesses: int
    minProcesses: int
    maxTries: int
    maxTime: int
    maxJobs: int
    memory: int
    nice: int
    name: str
    workersName: str
    sleep: int
    timeout: int
    balanceCooldown: int
    balanceMaxShift: int
    parentId: int
    rest: int
    autoScalingStrategy: str


class Supervisor(TypedDict):
    """`processes`: slots by `connection:queue`. Horizon answers a pid as a string."""

    name: str
    master: str
    pid: str
    status: Literal["running", "paused"]
    processes: dict[str, int]
    options: SupervisorOptions


class Master(TypedDict):
    """A worker pod."""

    name: str
    environment: str
    pid: str
    status: Literal["running", "paused"]
    supervisors: list[Supervisor]


def masters(snapshot: Snapshot, catalog: Mapping[str, Shape]) -> dict[str, Master] | list[Master]:
    """The live workers by name; an empty list where there is none, as PHP has it."""
    return {worker.name: _master(worker, catalog) for worker in snapshot.workers} or []


def _master(worker: WorkerRecord, catalog: Mapping[str, Shape]) -> Master:
    supervisor = Supervisor(
        name=f"{worker.name}:{worker.shape}",
        master=worker.name,
        pid=str(worker.pid),
        status=worker.status,
        processes={f"{CONNECTION}:{worker.shape}": worker.slots},
        options=_options(worker, catalog.get(worker.shape)),
    )
    return Master(
        name=worker.name,
        environment=worker.environment,
        pid=str(worker.pid),
        status=worker.status,
        supervisors=[supervisor],
    )


def _options(worker: WorkerRecord, shape: Shape | None) -> SupervisorOptions:
    return SupervisorOptions(
        balance="off",
        connection=CONNECTION,
        queue=worker.shape,
        backoff=0,
        force=False,
        maxProcesses=worker.slots,
        minProcesses=worker.slots,
        maxTries=MAX_DELIVERIES,
        maxTime=0,
        maxJobs=0,
        memory=mebibytes(shape.memory_limit) if shape else 128,
        nice=0,
        name=f"{worker.name}:{worker.shape}",
        workersName="default",
        sleep=0,
        timeout=shape.longest_step_seconds if shape else 60,
        balanceCooldown=3,
        balanceMaxShift=1,
        parentId=worker.pid,
        rest=0,
        autoScalingStrategy="size",
    )
