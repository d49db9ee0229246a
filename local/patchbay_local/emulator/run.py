"""The emulator's process."""

from pathlib import Path

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from patchbay_local.emulator.dispatch import Dispatcher
from patchbay_local.emulator.operations import SERVICES
from patchbay_local.emulator.server import serve


def run(port: int, state: Path, account: str) -> None:
    """Serves until SIGTERM."""
    moto = DomainDispatcherApplication(create_backend_app)
    dispatcher = Dispatcher(moto, SERVICES, account, served=lambda operation: None)
    serve(dispatcher, port).serve_forever()
