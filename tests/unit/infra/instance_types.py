"""EC2's description of its instance types, as the emulator carries it."""

import gzip
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import moto.ec2

TYPES = re.compile(r"[a-z][a-z0-9-]*\d[a-z0-9-]*\.(metal|\d*x?large|medium|small)")


def described_types() -> Mapping[str, Mapping[str, Any]]:
    """`DescribeInstanceTypes`, by type."""
    table = Path(str(moto.ec2.__file__)).parent / "resources" / "instance_types.json.gz"
    found: Mapping[str, Mapping[str, Any]] = json.loads(gzip.decompress(table.read_bytes()))
    return {name: described for name, described in found.items() if TYPES.fullmatch(name)}
