"""Nodes and pods as network namespaces, joined as the local cluster joins them, with real connections between them.

The namespaces belong to processes of the test and go with them; nothing is changed in the machine's own.
"""

import contextlib
import itertools
import json
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from patchbay_local.kubernetes.network_policy.enforcement import apply
from patchbay_local.kubernetes.network_policy.objects import Namespace, Pod, Policy
from patchbay_local.kubernetes.network_policy.ruleset import Cluster, ruleset
from patchbay_local.machine.processes import ProcessId
from patchbay_local.machine.programs import run

PROBER = Path(__file__).parent / "prober.py"
TCP_PORTS = (80, 81, 8080)
UDP_PORTS = (80,)
# An answer comes in milliseconds: who has none after this has been dropped. An allowed one may take its time.
DENIED_SECONDS = 0.5
ALLOWED_SECONDS = 15.0
OUTSIDE = "192.0.2.10"
SERVICE = "10.97.0.1"


class Endpoint:
    """A network namespace with a prober in it."""

    def __init__(self, name: str, address: str) -> None:
        self.name = name
        self.address = address
        ports = [",".join(map(str, numbers)) for numbers in (TCP_PORTS, UDP_PORTS)]
        self._process = subprocess.Popen(
            # The kernel ends the prober with the test, whatever ends the test.
            ["setpriv", "--pdeathsig", "KILL", "unshare", "--net", sys.executable, str(PROBER), *ports],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout
        assert self._process.stdout.readline() == "ready\n"
        self._waiting: dict[int, Future[dict[str, Any]]] = {}
        self._numbers = itertools.count()
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def process(self) -> ProcessId:
        found = ProcessId.of(self.pid)
        assert found
        return found

    def inside(self, *argv: str) -> str:
        return run(["nsenter", f"--net=/proc/{self.pid}/ns/net", *argv])

    def nft(self, text: str) -> None:
        run(["nsenter", f"--net=/proc/{self.pid}/ns/net", "nft", "-f", "-"], stdin=text)

    def attempt(self, address: str, port: int, protocol: str, seconds: float) -> Future[dict[str, Any]]:
        number = next(self._numbers)
        answer = self._waiting[number] = Future()
        order = {"id": number, "protocol": protocol, "address": address, "port": port, "seconds": seconds}
        assert self._process.stdin
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return answer

    def talk(self, address: str, port: int) -> "Talk":
        """A connection that stays open."""
        return Talk(self.pid, address, port)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            answer = json.loads(line)
            self._waiting.pop(answer["id"]).set_result(answer)


class Talk:
    """An open connection to a prober, which sends everything back."""

    _PROGRAM = """
import socket, sys
connection = socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=float(sys.argv[3]))
stream = connection.makefile("rw")
stream.readline()
for line in sys.stdin:
    stream.write(line)
    stream.flush()
    print(stream.readline(), end="", flush=True)
"""

    def __init__(self, pid: int, address: str, port: int) -> None:
        argv = [sys.executable, "-c", self._PROGRAM, address, str(port), str(ALLOWED_SECONDS)]
        self._process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "nsenter", f"--net=/proc/{pid}/ns/net", *argv],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def echo(self, word: str) -> bool:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline() == word + "\n"

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


@dataclass(frozen=True)
class Spec:
    """A pod of the lab. `number` is the last part of its address; node 1 has 10.98.1.0/24, node 2 has 10.98.2.0/24."""

    namespace: str
    name: str
    node: int
    number: int
    labels: dict[str, str] = field(default_factory=dict, hash=False)
    web: int = 80

    @property
    def address(self) -> str:
        return f"10.98.{self.node}.{self.number}"

    @property
    def document(self) -> dict[str, Any]:
        """As the API server has it."""
        ports = [
            {"name": "web", "containerPort": self.web},
            {"name": "query", "containerPort": 80, "protocol": "UDP"},
        ]
        return {
            "metadata": {"namespace": self.namespace, "name": self.name, "labels": self.labels},
            "spec": {"nodeName": f"node{self.node}", "containers": [{"name": "c", "ports": ports}]},
            "status": {"phase": "Running", "podIP": self.address},
        }


class Lab:
    """Two nodes, their pods, and a host outside that is behind the first node."""

    def __init__(self, namespaces: dict[str, dict[str, str]], pods: Iterable[Spec]) -> None:
        self.namespaces = namespaces
        self.specs = {f"{spec.namespace}/{spec.name}": spec for spec in pods}
        self._opened = contextlib.ExitStack()

    def __enter__(self) -> "Lab":
        try:
            self._build()
        except BaseException:
            self._opened.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def _open(self, name: str, address: str) -> Endpoint:
        endpoint = Endpoint(name, address)
        self._opened.callback(endpoint.close)
        endpoint.inside("ip", "link", "set", "lo", "up")
        return endpoint

    def _build(self) -> None:
        self.nodes = {number: self._open(f"node{number}", f"10.99.0.{number}") for number in (1, 2)}
        self.outside = self._open("outside", OUTSIDE)
        self.pods = {name: self._open(name, spec.address) for name, spec in self.specs.items()}
        first, second = self.nodes[1], self.nodes[2]
        for node in self.nodes.values():
            node.inside("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
        _cable(first, "between", second, "between")
        for node in self.nodes.values():
            node.inside("ip", "address", "add", f"{node.address}/24", "dev", "between")
            node.inside("ip", "link", "set", "between", "up")
        first.inside("ip", "route", "add", "10.98.2.0/24", "via", second.address)
        second.inside("ip", "route", "add", "default", "via", first.address)
        _cable(first, "outside", self.outside, "eth0")
        first.inside("ip", "address", "add", "192.0.2.1/24", "dev", "outside")
        first.inside("ip", "link", "set", "outside", "up")
        self.outside.inside("ip", "address", "add", f"{OUTSIDE}/24", "dev", "eth0")
        self.outside.inside("ip", "link", "set", "eth0", "up")
        self.outside.inside("ip", "route", "add", "default", "via", "192.0.2.1")
        for name, spec in self.specs.items():
            self._connect(self.pods[name], spec)

    def _connect(self, pod: Endpoint, spec: Spec) -> None:
        """A routed cable, as the CNI plugin `ptp` lays it."""
        node, gateway, cable = self.nodes[spec.node], f"10.98.{spec.node}.1", f"pod{spec.number}"
        _cable(node, cable, pod, "eth0")
        node.inside("ip", "address", "add", f"{gateway}/32", "dev", cable)
        node.inside("ip", "link", "set", cable, "up")
        node.inside("ip", "route", "add", spec.address, "dev", cable)
        pod.inside("ip", "address", "add", f"{spec.address}/32", "dev", "eth0")
        pod.inside("ip", "link", "set", "eth0", "up")
        pod.inside("ip", "route", "add", gateway, "dev", "eth0")
        pod.inside("ip", "route", "add", "default", "via", gateway)

    def enforce(self, policies: Iterable[dict[str, Any]], *, pods: Iterable[Spec] | None = None) -> None:
        """As the enforcement does it, on both nodes."""
        cluster = Cluster(
            [Policy.of(policy) for policy in policies],
            [Pod.of(spec.document) for spec in (self.specs.values() if pods is None else pods)],
            {name: Namespace(name=name, labels=labels) for name, labels in self.namespaces.items()},
        )
        for number, node in self.nodes.items():
            apply(node.process, ruleset(cluster, f"node{number}"))

    def endpoint(self, name: str) -> Endpoint:
        return self.outside if name == "outside" else self.pods[name]


def _cable(one: Endpoint, its_end: str, other: Endpoint, other_end: str) -> None:
    argv = ["ip", "link", "add", its_end, "netns", str(one.pid), "type", "veth"]
    run([*argv, "peer", "name", other_end, "netns", str(other.pid)])


def connections(lab: Lab) -> Iterator[tuple[str, str, str, int]]:
    """Client, server, protocol and port of everything that can be tried between the lab's pods and the outside."""
    names = [*lab.pods, "outside"]
    for client, server in itertools.permutations(names, 2):
        for protocol, port in (("TCP", 80), ("TCP", 81), ("UDP", 80)):
            yield client, server, protocol, port
