"""Which nodes were added, and which addresses each one has; kept on disk, so that any later command knows them."""

import fcntl
import itertools
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from patchbay_local import paths
from patchbay_local.cluster.spec import MAX_NODES, NodeSpec
from patchbay_local.host.files import write_if_changed

CGROUP = "/patchbay"
_FIRST_ADDRESS = 20
_FILE = "node.json"


class NodeRecord(BaseModel):
    """A node that was added; the index gives its addresses."""

    model_config = ConfigDict(frozen=True)

    spec: NodeSpec
    index: int

    @property
    def address(self) -> IPv4Address:
        return paths.BRIDGE_NETWORK[_FIRST_ADDRESS + self.index]

    @property
    def pods(self) -> IPv4Network:
        return list(paths.POD_NETWORK.subnets(new_prefix=24))[_FIRST_ADDRESS + self.index]

    @property
    def link(self) -> str:
        return f"patchbay-n{self.index}"

    @property
    def cgroup(self) -> str:
        return f"{CGROUP}/{self.spec.name}"

    @property
    def directory(self) -> Path:
        return paths.NODES / self.spec.name

    @property
    def scope(self) -> str:
        return f"cluster/node/{self.spec.name}"

    @property
    def daemon(self) -> str:
        return f"node-{self.spec.name}"


def load_records() -> dict[str, NodeRecord]:
    """Every node that was added and not removed, by name."""
    records = {}
    for path in sorted(paths.NODES.glob(f"*/{_FILE}")):
        record = NodeRecord.model_validate_json(path.read_text(encoding="utf-8"))
        records[record.spec.name] = record
    return records


def save_records(specs: Iterable[NodeSpec]) -> list[NodeRecord]:
    """Records nodes under the lowest free indexes; a node that is known keeps its own. ValueError if none is left."""
    paths.RUN.mkdir(parents=True, exist_ok=True)
    with (paths.RUN / "nodes.lock").open("w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = load_records()
        taken = {record.index for record in known.values()}
        free = (index for index in itertools.count() if index not in taken)
        saved = []
        for spec in specs:
            index = known[spec.name].index if spec.name in known else next(free)
            if index >= MAX_NODES:
                raise ValueError(f"nodes: at most {MAX_NODES}")
            record = NodeRecord(spec=spec, index=index)
            write_if_changed(record.directory / _FILE, record.model_dump_json())
            saved.append(record)
        return saved
