"""Which Pulumi CLI is used, and with which environment."""

import os
import shutil
import sys
from pathlib import Path

from patchbay_local.deploy.stack import plugins as engine
from patchbay_local.machine import paths


def installed_cli() -> Path | None:
    """A complete CLI (with its own language host) that the machine brings; None where ours is to be built."""
    elsewhere = os.pathsep.join(
        folder for folder in os.environ.get("PATH", "").split(os.pathsep) if folder != str(paths.BIN)
    )
    found = shutil.which("pulumi", path=elsewhere)
    return Path(found) if found and engine.is_complete(Path(found)) else None


def program() -> Path:
    """The CLI that is used."""
    return installed_cli() or paths.BIN / "pulumi"


def install_stand_ins() -> None:
    """Put the offline language host and providers beside the built CLI."""
    if installed_cli() is None:
        engine.install(paths.PULUMI_HOME, paths.BIN)


def variables() -> dict[str, str]:
    """What a shell needs so that `pulumi` and `kubectl` mean this environment."""
    settings = engine.environment(paths.PULUMI_HOME, paths.PULUMI_BACKEND)
    if installed_cli():
        # It downloads its plugins as anywhere else.
        del settings["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"]
    folders = [str(Path(sys.executable).parent), str(paths.BIN)]
    others = [folder for folder in os.environ.get("PATH", "").split(os.pathsep) if folder not in folders]
    return {"PATH": os.pathsep.join([*folders, *others]), "KUBECONFIG": str(paths.KUBECONFIG), **settings}
