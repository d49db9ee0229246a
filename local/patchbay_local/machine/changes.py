"""The kinds of change to the host; each can be undone any number of times, in any state of the host."""

import contextlib
import json
import time
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from patchbay_local.machine import cgroups, processes
from patchbay_local.machine.daemon_record import DaemonRecord
from patchbay_local.machine.mounts import remove_directory
from patchbay_local.machine.processes import ProcessId
from patchbay_local.machine.programs import CommandError, HostError, run, succeeds

SYSCTL_ROOT: Final = Path("/proc/sys")
NFT_COMMENT: Final = "patchbay"
# A program that is being started or replaced is not seen for some milliseconds.
_LOOK_AGAIN_SECONDS: Final = 0.02
_LOOKS: Final = 50


class _Change(BaseModel):
    model_config = ConfigDict(frozen=True)


class Sysctl(_Change):
    """A kernel setting below /proc/sys, with its value before the change."""

    kind: Literal["sysctl"] = "sysctl"
    name: str
    previous: str

    @property
    def key(self) -> str:
        return f"sysctl {self.name}"

    def undo(self) -> None:
        path = SYSCTL_ROOT / self.name
        if path.exists() and path.read_text(encoding="ascii").split() != self.previous.split():
            path.write_text(self.previous, encoding="ascii")


class Link(_Change):
    """A network interface in the root namespace."""

    kind: Literal["link"] = "link"
    name: str

    @property
    def key(self) -> str:
        return f"link {self.name}"

    def undo(self) -> None:
        link = Path("/sys/class/net", self.name)
        if link.exists() and not succeeds(["ip", "link", "delete", self.name]) and link.exists():
            raise HostError(f"ip link delete {self.name}: failed")


class Route(_Change):
    """A route of the root namespace, named by its destination."""

    kind: Literal["route"] = "route"
    destination: str

    @property
    def key(self) -> str:
        return f"route {self.destination}"

    def undo(self) -> None:
        if json.loads(run(["ip", "-json", "route", "show", "exact", self.destination])):
            run(["ip", "route", "delete", self.destination])


class NftTable(_Change):
    """A table of nftables of our own."""

    kind: Literal["nft_table"] = "nft_table"
    family: str
    name: str

    @property
    def key(self) -> str:
        return f"nft_table {self.family} {self.name}"

    def undo(self) -> None:
        tables = run(["nft", "list", "tables"]).splitlines()
        if f"table {self.family} {self.name}" in tables:
            run(["nft", "delete", "table", self.family, self.name])


IptablesProgram = Literal["iptables-nft", "iptables-legacy"]


class IptablesRule(_Change):
    """A rule of ours in a chain of another firewall; `program` says which of the two kinds of tables."""

    kind: Literal["iptables_rule"] = "iptables_rule"
    program: IptablesProgram
    chain: str
    rule: tuple[str, ...]

    @property
    def key(self) -> str:
        return f"iptables_rule {self.program} {self.chain} {' '.join(self.rule)}"

    def exists(self) -> bool:
        """False also where that firewall is gone."""
        return succeeds([self.program, "--wait", "--check", self.chain, *self.rule])

    def undo(self) -> None:
        while self.exists():
            run([self.program, "--wait", "--delete", self.chain, *self.rule])


class NftRules(_Change):
    """Our rules, known by their comment, in a chain of another firewall's table."""

    kind: Literal["nft_rules"] = "nft_rules"
    family: str
    table: str
    chain: str

    @property
    def key(self) -> str:
        return f"nft_rules {self.family} {self.table} {self.chain}"

    def rules(self) -> list[dict[str, Any]]:
        """All rules of the chain, also the other firewall's; none where the chain is gone."""
        try:
            listed = run(["nft", "--json", "--handle", "list", "chain", self.family, self.table, self.chain])
        except CommandError:
            return []
        return [entry["rule"] for entry in json.loads(listed)["nftables"] if "rule" in entry]

    def own_handles(self) -> list[int]:
        return [int(rule["handle"]) for rule in self.rules() if rule.get("comment") == NFT_COMMENT]

    def undo(self) -> None:
        for handle in self.own_handles():
            run(["nft", "delete", "rule", self.family, self.table, self.chain, "handle", str(handle)])


class Mount(_Change):
    """A mount in the root namespace, with everything that is mounted below it."""

    kind: Literal["mount"] = "mount"
    path: Path

    @property
    def key(self) -> str:
        return f"mount {self.path}"

    def undo(self) -> None:
        while self.path.is_mount():
            run(["umount", "--recursive", "--lazy", str(self.path)])


class Directory(_Change):
    """A directory of our own with all that it holds."""

    kind: Literal["directory"] = "directory"
    path: Path

    @property
    def key(self) -> str:
        return f"directory {self.path}"

    def undo(self) -> None:
        remove_directory(self.path)


class Cgroup(_Change):
    """A control group, by its path in every hierarchy; undoing kills what still runs in it."""

    kind: Literal["cgroup"] = "cgroup"
    path: str

    @property
    def key(self) -> str:
        return f"cgroup {self.path}"

    def undo(self) -> None:
        cgroups.remove(self.path)


class SubtreeControllers(_Change):
    """Controllers (cgroup v2) that were switched on for the children of a group."""

    kind: Literal["subtree_controllers"] = "subtree_controllers"
    directory: Path
    controllers: tuple[str, ...]

    @property
    def key(self) -> str:
        return f"subtree_controllers {self.directory}"

    def undo(self) -> None:
        control = self.directory / "cgroup.subtree_control"
        for controller in self.controllers:
            # Another group may have come to need the controller meanwhile: then it stays on.
            with contextlib.suppress(OSError):
                control.write_text(f"-{controller}", encoding="ascii")


class Process(_Change):
    """A daemon, recorded by a token in its environment before it starts."""

    kind: Literal["process"] = "process"
    name: str
    token: str
    grace_seconds: float
    record: Path

    @property
    def key(self) -> str:
        return f"process {self.name}"

    def undo(self) -> None:
        unseen = 0
        for _ in range(_LOOKS):
            if found := self.processes():
                unseen = 0
                if alive := processes.stop(found, grace_seconds=self.grace_seconds):
                    raise HostError(f"{self.name}: pid {alive[0].pid} did not end")
                continue
            unseen += 1
            if unseen == 2:
                break
            time.sleep(_LOOK_AGAIN_SECONDS)
        else:
            raise HostError(f"{self.name}: starts new programs as fast as they are ended")
        self.record.unlink(missing_ok=True)

    def processes(self) -> list[ProcessId]:
        """The daemon, and what it started."""
        found = processes.with_token(self.token)
        recorded = DaemonRecord.read(self.record)
        # One that is ending has no environment any more, and its ports still.
        if recorded and recorded.process not in found and recorded.process.is_alive():
            return [recorded.process, *found]
        return found


Change = Annotated[
    Sysctl
    | Link
    | Route
    | NftTable
    | IptablesRule
    | NftRules
    | Mount
    | Directory
    | Cgroup
    | SubtreeControllers
    | Process,
    Field(discriminator="kind"),
]
