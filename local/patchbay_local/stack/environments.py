"""The stack of the one-machine environment."""

from typing import Final

from patchbay_local import paths
from patchbay_local.stack.backend import Backend
from patchbay_local.stack.stack import Stack

LOCAL: Final = "local"


def local() -> Stack:
    """Its platform on the machine's cluster, its AWS on the emulator."""
    return Stack(LOCAL, Backend(paths.PULUMI_BACKEND))
