"""What each stack consists of, as a file to review: `python -m tests.emulated.golden` writes it anew.

With names of stacks as arguments only theirs.
"""

import json
import re
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import yaml
from patchbay_operations.inventory.read import counts, inventory

from tests.emulated.deployment import STACKS, Deployment, deployed

FOLDER = Path(__file__).parent / "golden"
COMMAND = "python -m tests.emulated.golden"

# What AWS makes up, by what stands in its place.
_MADE_UP = {
    r"\b(vpc|nat|eni|sg|subnet)-[0-9a-f]{8,17}\b": r"\1-<id>",
    r"\bns-\d+\.awsdns-\d+(\.[a-z.]+)": r"ns-<n>.awsdns-<n>\1",
    r"\b\d{1,3}(\.\d{1,3}){3}\b": "<address>",
    r"rds![A-Za-z0-9-]+": "rds!<id>",
    r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b": "<uuid>",
}


def golden_file(stack: str) -> Path:
    return FOLDER / f"{stack}.yaml"


def contents(deployment: Deployment) -> dict[str, Any]:
    """`types`: resources in the engine's state; `aws`: what boto3 lists; `outputs`: without what AWS makes up."""
    state = json.loads(deployment.emulation.stack.command("stack", "export", keep=True))["deployment"]["resources"]
    (root,) = [resource for resource in state if resource["type"] == "pulumi:pulumi:Stack"]
    return {
        "types": dict(sorted(Counter(resource["type"] for resource in state).items())),
        "aws": counts(inventory(deployment.emulation.access)),
        "outputs": {name: _normal(value) for name, value in sorted(root["outputs"].items())},
    }


def _normal(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _normal(entry) for key, entry in sorted(value.items())}
    if isinstance(value, list):
        return [_normal(entry) for entry in value]
    if isinstance(value, str):
        for pattern, instead in _MADE_UP.items():
            value = re.sub(pattern, instead, value)
    return value


def main(stacks: list[str]) -> None:
    FOLDER.mkdir(exist_ok=True)
    for stack in stacks or STACKS:
        with tempfile.TemporaryDirectory() as directory, deployed(stack, Path(directory)) as deployment:
            text = yaml.safe_dump(contents(deployment), sort_keys=False, width=120)
        golden_file(stack).write_text(f"# Written by `{COMMAND}`.\n{text}")


if __name__ == "__main__":
    main(sys.argv[1:])
