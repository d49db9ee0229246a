"""The emulator's process."""

import fcntl
import signal
import threading
from collections.abc import Sequence
from pathlib import Path

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from patchbay_standins.aws import snapshot
from patchbay_standins.aws.dispatch import Dispatcher
from patchbay_standins.aws.operations import SERVICES
from patchbay_standins.aws.saver import Saver
from patchbay_standins.aws.server import LOOPBACK, serve


def run(
    port: int, directory: Path, account: str, more_addresses: Sequence[str] = (), record: Path | None = None
) -> None:
    """Serves on loopback and `more_addresses` until SIGTERM or SIGINT. `record`: the file that calls are written to.

    SystemExit where the directory or the port is another one's.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (directory / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SystemExit(f"another emulator keeps its state in {directory}: stop it first") from None
        path = directory / "state"
        try:
            snapshot.restore(path, account)
        except snapshot.SnapshotError as error:
            raise SystemExit(str(error)) from error
        _serve(port, path, account, (LOOPBACK, *more_addresses), record)


def _serve(port: int, path: Path, account: str, addresses: Sequence[str], record: Path | None) -> None:
    dispatcher = Dispatcher(
        DomainDispatcherApplication(create_backend_app), SERVICES, account, f"{account} {path.parent}"
    )
    if record is not None:
        # The reference of what every call asks for is read only where somebody wants to know.
        from patchbay_standins.aws.record.recorder import Recorder  # noqa: PLC0415

        dispatcher.record(Recorder(record, account, SERVICES).watch)
    saver = Saver(path, account, dispatcher.lock)
    dispatcher.listen(saver.served, lambda: saver.failure)
    server, *others = (serve(dispatcher, address, port) for address in addresses)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    threading.Thread(target=saver.run, daemon=True).start()
    for other in others:
        threading.Thread(target=other.serve_forever, daemon=True).start()
    server.serve_forever(poll_interval=0.05)
    if not saver.close():
        raise SystemExit(1)
