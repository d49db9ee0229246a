"""Has kube-network-policies judge random sets of policies, and records what it says.

    python -m tests.local.network_policy.judge.record [SETS [FILE]]

It is Kubernetes' own implementation (SIG Network), and works in another way than ours: a program sees the first packet
of each connection. Recording takes Go and the Go module proxy; the tests, which read the recording, need neither.
"""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.local.network_policy.cases import NAMESPACES, PODS
from tests.local.network_policy.lab import Document, addresses, connections

MODULE = "sigs.k8s.io/kube-network-policies@v0.8.0"
RECORDED = Path(__file__).parent / "recorded.json"
_SEED = 20
_LABELS: tuple[Document, ...] = (
    {},
    {"matchLabels": {"app": "store"}},
    {"matchLabels": {"app": "front"}},
    {"matchLabels": {"app": "store", "tier": "data"}},
    {"matchExpressions": [{"key": "tier", "operator": "Exists"}]},
    {"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]},
    {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["store", "none"]}]},
)
_TEAMS: tuple[Document, ...] = (
    {},
    {"matchLabels": {"team": "sales"}},
    {"matchLabels": {"audited": "yes"}},
    {"matchExpressions": [{"key": "team", "operator": "In", "values": ["money", "sales"]}]},
    {"matchExpressions": [{"key": "team", "operator": "NotIn", "values": ["money"]}]},
    {"matchExpressions": [{"key": "team", "operator": "DoesNotExist"}]},
)
_BLOCKS: tuple[Document, ...] = (
    {"cidr": "0.0.0.0/0"},
    {"cidr": "0.0.0.0/0", "except": ["10.98.0.0/16"]},
    {"cidr": "10.98.0.0/16", "except": ["10.98.1.0/24", "10.98.2.12/32"]},
    {"cidr": "10.98.1.0/24"},
    {"cidr": "10.98.1.14/32"},
    {"cidr": "192.0.2.0/24"},
)
# Complete, as the API server hands them out.
_PORTS: tuple[Document, ...] = (
    {"protocol": "TCP", "port": 80},
    {"protocol": "TCP", "port": 81},
    {"protocol": "UDP", "port": 80},
    {"protocol": "TCP", "port": 80, "endPort": 81},
    {"protocol": "TCP", "port": 70, "endPort": 80},
    {"protocol": "TCP"},
    {"protocol": "UDP"},
    {"protocol": "TCP", "port": "web"},
    {"protocol": "UDP", "port": "query"},
    {"protocol": "UDP", "port": "web"},
)


def main() -> None:
    sets = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    chance = random.Random(_SEED)  # noqa: S311 - the same sets each time
    made = [_policies(chance) for _ in range(sets)]
    verdicts = _judge(made)
    lines = [
        json.dumps({"policies": policies, "passed": "".join("01"[passed] for passed in answer)})
        for policies, answer in zip(made, verdicts, strict=True)
    ]
    file = Path(sys.argv[2]) if len(sys.argv) > 2 else RECORDED
    file.write_text("[\n" + ",\n".join(lines) + "\n]\n")


def _judge(sets: list[list[Document]]) -> list[list[bool]]:
    known = addresses(PODS)
    question = {
        "namespaces": [{"metadata": {"name": name, "labels": labels}} for name, labels in NAMESPACES.items()],
        "pods": [pod.document for pod in PODS],
        "sets": sets,
        "connections": [
            {"from": known[client], "to": known[server], "protocol": protocol, "port": port}
            for client, server, protocol, port in connections(PODS)
        ],
    }
    downloaded = subprocess.run(["go", "mod", "download", "-json", MODULE], check=True, capture_output=True, cwd="/")
    with tempfile.TemporaryDirectory() as directory:
        module, asked, answer = Path(directory, "module"), Path(directory, "question"), Path(directory, "answer")
        shutil.copytree(json.loads(downloaded.stdout)["Dir"], module)
        package = module / "pkg" / "networkpolicy"
        for path in (package, *package.iterdir()):
            path.chmod(0o755)
        for path in package.glob("*_test.go"):
            path.unlink()
        shutil.copy(Path(__file__).parent / "judge_test.go", package)
        asked.write_text(json.dumps(question))
        environment = {**os.environ, "QUESTION": str(asked), "ANSWER": str(answer)}
        argv = ["go", "test", "-count=1", "-run=TestJudge", "./pkg/networkpolicy"]
        subprocess.run(argv, check=True, cwd=module, env=environment)
        answers: list[list[bool]] = json.loads(answer.read_text())
    return answers


def _policies(chance: random.Random) -> list[Document]:
    return [_policy(chance, number) for number in range(chance.randint(1, 4))]


def _policy(chance: random.Random, number: int) -> Document:
    types = chance.choice((["Ingress"], ["Egress"], ["Ingress", "Egress"]))
    spec: Document = {"podSelector": chance.choice(_LABELS), "policyTypes": types}
    for kind, direction, peers in (("Ingress", "ingress", "from"), ("Egress", "egress", "to")):
        # The API server leaves empty lists out.
        if kind in types and (rules := [_rule(chance, peers) for _ in range(chance.randint(0, 2))]):
            spec[direction] = rules
    return {"metadata": {"namespace": chance.choice(tuple(NAMESPACES)), "name": f"policy-{number}"}, "spec": spec}


def _rule(chance: random.Random, peers: str) -> Document:
    rule: Document = {}
    if some := [_peer(chance) for _ in range(chance.randint(0, 2))]:
        rule[peers] = some
    if ports := chance.sample(_PORTS, chance.randint(0, 2)):
        rule["ports"] = ports
    return rule


def _peer(chance: random.Random) -> Document:
    selectors: dict[str, Any] = {
        "podSelector": chance.choice(_LABELS),
        "namespaceSelector": chance.choice(_TEAMS),
    }
    kind = chance.choice(("pods", "namespaces", "both", "block"))
    if kind == "block":
        return {"ipBlock": chance.choice(_BLOCKS)}
    taken = {"pods": ("podSelector",), "namespaces": ("namespaceSelector",), "both": tuple(selectors)}[kind]
    return {name: selectors[name] for name in taken}


if __name__ == "__main__":
    main()
