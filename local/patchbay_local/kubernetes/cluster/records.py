"""Which nodes were added, and which addresses each one has; kept on disk, so that any later command knows them."""

import fcntl
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from patchbay_local.kubernetes.cluster.spec import MAX_NODES, NodeSpec
from patchbay_local.machine import addresses, paths
from patchbay_local.machine.files import contents, entries, write_if_changed

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
        return address_of(self.index)

    @property
    def pods(self) -> IPv4Network:
        return list(addresses.POD_NETWORK.subnets(new_prefix=24))[_FIRST_ADDRESS + self.index]

    @property
    def hardware_address(self) -> str:
        """Of the node's end of its cable; locally administered."""
        return "0a:59:" + ":".join(f"{byte:02x}" for byte in self.address.packed)

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


def address_of(index: int) -> IPv4Address:
    """Of the node that has the index, or would have it."""
    return addresses.BRIDGE_NETWORK[_FIRST_ADDRESS + index]


def load_records() -> dict[str, NodeRecord]:
    """Every node that was added and not removed, by name."""
    records = {}
    for _, content in contents(directory / _FILE for directory in entries(paths.NODES)):
        record = NodeRecord.model_validate_json(content)
        records[record.spec.name] = record
    return records


def add_record(spec: NodeSpec) -> NodeRecord:
    """The node's record, made unless it is there. ValueError if no address is free.

    Indexes are given in turn: what still has a removed node's address does not reach another one by it.
    """
    paths.NODES.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (paths.NODES / "last-index").open("a+", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        known = load_records()
        if spec.name in known:
            return known[spec.name]
        file.seek(0)
        last = int(file.read() or -1)
        taken = {record.index for record in known.values()}
        candidates = ((last + step) % MAX_NODES for step in range(1, MAX_NODES + 1))
        index = next((index for index in candidates if index not in taken), None)
        if index is None:
            raise ValueError(f"nodes: at most {MAX_NODES}")
        file.truncate(0)
        file.write(str(index))
        record = NodeRecord(spec=spec, index=index)
        write_if_changed(record.directory / _FILE, record.model_dump_json())
        return record
