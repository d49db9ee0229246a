"""A run that is told to end, by SIGINT or SIGTERM, ends the servers that it has started."""

import signal
import threading


def pytest_configure() -> None:
    """Both interrupt it, also where it was started with SIGINT ignored, as shells start what is to run beside them."""
    if threading.current_thread() is threading.main_thread():
        for one in (signal.SIGINT, signal.SIGTERM):
            signal.signal(one, signal.default_int_handler)
