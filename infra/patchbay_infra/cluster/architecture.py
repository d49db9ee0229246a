"""For which processors a machine's programs are built."""

import re
from collections.abc import Iterable
from typing import Final, Literal

Architecture = Literal["amd64", "arm64"]

# The kubelet's own label, which pods of one architecture are placed by.
ARCHITECTURE_LABEL: Final = "kubernetes.io/arch"
# Graviton: a `g` behind the generation. EC2's description of its types says the same of each.
_GRAVITON: Final = re.compile(r"^(a1|[a-z]+\d+[a-z-]*g[a-z-]*)\.")


def architecture_of(instance_type: str) -> Architecture:
    return "arm64" if _GRAVITON.match(instance_type) else "amd64"


def strangers(instance_types: Iterable[str], architecture: Architecture) -> list[str]:
    """The types of another architecture."""
    return [name for name in instance_types if architecture_of(name) != architecture]
