"""Life of a plugin process: serve gRPC on loopback, announce the port, stop when told to or when the engine is gone."""

import os
import select
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import grpc

# The engine's own limit: a single custom resource definition is larger than gRPC's default of 4 MiB allows in a group.
MESSAGE_BYTES: Final = 400 * 1024 * 1024


def engine_address(arguments: list[str]) -> str:
    """The address of the engine's own gRPC server: the last argument; flags for logging and tracing come before it."""
    if not arguments or arguments[-1].startswith("-"):
        message = "usage: [flags] ENGINE_ADDRESS; this program is started by the Pulumi engine"
        raise SystemExit(message)
    return arguments[-1]


def serve(register: Callable[[grpc.Server], None], *, workers: int, on_stop: Callable[[], None] | None = None) -> None:
    """Serves until SIGINT, SIGTERM or the death of the parent, then ends the process without a word.

    `workers` bounds the calls served at once. `on_stop` runs before the process ends.
    """
    # Readable once the engine has ended: after it was killed nothing more is done in its name.
    engine = os.pidfd_open(os.getppid())
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)

    server = grpc.server(
        ThreadPoolExecutor(max_workers=workers),
        options=[
            ("grpc.max_receive_message_length", MESSAGE_BYTES),
            ("grpc.max_send_message_length", MESSAGE_BYTES),
        ],
    )
    register(server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        print(port, flush=True)
    except BrokenPipeError:
        os._exit(1)  # the engine ended while this process was starting

    while True:
        ready, _, _ = select.select([wake_read, engine], [], [])
        if engine in ready or set(os.read(wake_read, 64)) & {signal.SIGINT, signal.SIGTERM}:
            break
    if on_stop is not None:
        on_stop()
    server.stop(grace=None)
    sys.stdout.flush()
    sys.stderr.flush()
    # Calls may still wait in worker threads, which a normal exit would join.
    os._exit(0)
