"""The beginning of `patchbay-runtime`."""

import signal
import sys
from types import FrameType


def start() -> None:
    """Run the command line; SIGTERM ends it, until what has work to finish sets a handler of its own.

    The first process of a container ignores what it does not handle: a pod that is stopped while it still imports, or
    waits for its database, would keep its node until it is killed.
    """
    signal.signal(signal.SIGTERM, _stop)
    from patchbay_runtime.cli import main  # noqa: PLC0415 - on a busy machine its imports take seconds

    main()


def _stop(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)
