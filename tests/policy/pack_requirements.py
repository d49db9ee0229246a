"""The pack's own requirements: what pulumi-policy needs, in the versions and with the digests of the repository's lock.

`python -m tests.policy.pack_requirements > policies/requirements.txt` writes them.
"""

import re
from importlib.metadata import requires
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

REPOSITORY: Final = Path(__file__).resolve().parents[2]
LOCK: Final = REPOSITORY / "requirements" / "dev.txt"
_HEAD: Final = """\
# What the pack runs with, in an environment of its own: `pulumi install` in this folder makes it. The same versions and
# digests as requirements/dev.txt has.
"""
_PIN: Final = re.compile(r"^([\w.-]+)==[^\n]*(?:\n    --hash=[^\n]*)*", re.MULTILINE)


def text() -> str:
    """The whole file."""
    pins = {canonicalize_name(found[1]): found[0].rstrip(" \\") for found in _PIN.finditer(LOCK.read_text())}
    return _HEAD + "".join(f"{pins[name]}\n" for name in sorted(_needed("pulumi-policy")))


def _needed(package: str) -> set[NormalizedName]:
    """A package and everything that it needs on this machine, by name."""
    found, left = set[NormalizedName](), [package]
    while left:
        name = canonicalize_name(left.pop())
        if name not in found:
            found.add(name)
            wanted = [Requirement(line) for line in requires(name) or []]
            left += [one.name for one in wanted if one.marker is None or one.marker.evaluate({"extra": ""})]
    return found


if __name__ == "__main__":
    print(text(), end="")
