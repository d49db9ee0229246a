"""How a program learns that it is to leave."""

import asyncio
import signal


def told_to_stop() -> asyncio.Event:
    """Set by SIGTERM and by Ctrl-C, from now on. Call it within the event loop."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop
