"""The Python environment in which a program runs."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pulumi.runtime.proto import language_pb2

from patchbay_standins.pulumi_plugins.plugin.errors import ProviderError
from patchbay_standins.pulumi_plugins.plugin.properties import decode


@dataclass(frozen=True, slots=True)
class Environment:
    """A Python interpreter and the virtual environment that it belongs to, if any."""

    python: Path
    root: Path | None

    @property
    def site_packages(self) -> list[Path]:
        """The directories that hold the environment's packages."""
        if self.root is None:
            return [Path(entry) for entry in sys.path if entry.endswith("site-packages")]
        return sorted(self.root.glob("lib/python3.*/site-packages"))


def virtualenv(info: language_pb2.ProgramInfo) -> Path | None:
    """The path that the runtime option `virtualenv` names, relative to the project's directory."""
    options: Mapping[str, Any] = decode(info.options)
    name = options.get("virtualenv")
    return Path(info.root_directory, str(name)) if name else None


def find(info: language_pb2.ProgramInfo) -> Environment:
    """The environment of a program: its `virtualenv` option, else the interpreter that runs this plugin."""
    root = virtualenv(info)
    if root is None:
        return Environment(Path(sys.executable), None)
    python = root / "bin" / "python"
    if not python.exists():
        message = (
            f"the runtime option `virtualenv` of Pulumi.yaml names {root}, which holds no Python: "
            "make it with `pulumi install`, or correct the option"
        )
        raise ProviderError(message)
    return Environment(python, root)
