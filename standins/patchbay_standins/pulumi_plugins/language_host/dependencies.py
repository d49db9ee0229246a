"""`pulumi install`: makes the program's virtual environment."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from pulumi.runtime.proto import language_pb2

from patchbay_standins.pulumi_plugins.language_host import environment
from patchbay_standins.pulumi_plugins.language_host.children import Children
from patchbay_standins.pulumi_plugins.plugin.errors import ProviderError


def install(info: language_pb2.ProgramInfo, children: Children) -> Iterator[language_pb2.InstallDependenciesResponse]:
    """Makes the environment if it is missing and installs what requirements.txt or pyproject.toml names."""
    root = environment.virtualenv(info)
    if root is not None and not (root / "bin" / "python").exists():
        yield from _command(children, [sys.executable, "-m", "venv", str(root)], info.root_directory)
    python = str(environment.find(info).python)
    program = Path(info.program_directory)
    if (program / "requirements.txt").is_file():
        yield from _command(children, [python, "-m", "pip", "install", "-r", "requirements.txt"], str(program))
    elif (program / "pyproject.toml").is_file():
        yield from _command(children, [python, "-m", "pip", "install", "-e", "."], str(program))


def _command(
    children: Children, command: list[str], directory: str
) -> Iterator[language_pb2.InstallDependenciesResponse]:
    with children.run(
        command, cwd=directory, environment=dict(os.environ), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as child:
        for line in child.stdout or []:
            yield language_pb2.InstallDependenciesResponse(stdout=line)
        status = child.wait()
    if status:
        message = f"`{' '.join(command)}` ended with exit status {status}"
        raise ProviderError(message)
