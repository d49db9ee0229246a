"""Puts the built and the stood-in plugins where the Pulumi CLI looks for them."""

import shlex
import shutil
import sys
from pathlib import Path
from typing import Final

from patchbay_standins.pulumi_plugins.sdk import PYTHON_EXECUTE, sdk_version

from patchbay_local.deploy.stack.backend import Backend
from patchbay_local.machine import paths

LANGUAGE_HOST: Final = "pulumi-language-python"
_LANGUAGE_HOST: Final = "patchbay_standins.pulumi_plugins.language_host"
_AWS_PROVIDER: Final = "patchbay_standins.pulumi_plugins.aws_provider"


def is_complete(pulumi: Path) -> bool:
    """Whether an installed CLI brings its own language host; then no stand-in is needed."""
    beside = pulumi.resolve().with_name(LANGUAGE_HOST)
    if beside.is_file():
        return not _is_stand_in(beside)
    ambient = shutil.which(LANGUAGE_HOST)
    return ambient is not None and not _is_stand_in(Path(ambient))


def install(pulumi_home: Path, pulumi_bin_dir: Path) -> None:
    """Installs the language host beside `pulumi` in `pulumi_bin_dir` and the providers below `pulumi_home`.

    Where `pulumi` is a symbolic link the host goes beside its target, with a link of its own: the engine warns
    about a language host that lies anywhere else. A downloaded `pulumi` has the genuine one beside it, which stays.
    """
    binary = (pulumi_bin_dir / "pulumi").resolve(strict=True)
    host = binary.with_name(LANGUAGE_HOST)
    if not host.is_file() or _is_stand_in(host):
        _write_launcher(host, _LANGUAGE_HOST, str(binary.with_name(PYTHON_EXECUTE)))
    _link(pulumi_bin_dir / LANGUAGE_HOST, host)
    pulumi_home.mkdir(parents=True, exist_ok=True)
    _switch_trace_off(pulumi_home)
    _write_launcher(_place(pulumi_home, "aws"), _AWS_PROVIDER)
    built = pulumi_bin_dir / "pulumi-resource-kubernetes"
    if built.exists():  # an emulated account alone needs none
        _link(_place(pulumi_home, "kubernetes"), built.resolve())


def environment(home: Path = paths.PULUMI_HOME, backend: Path = paths.PULUMI_BACKEND) -> dict[str, str]:
    """The variables with which the CLI uses the stand-ins and keeps its state on this machine.

    The passphrase is empty: the state of the one-machine environment lies in a directory that only root can read,
    beside the cluster's own keys.
    """
    return {
        "PULUMI_HOME": str(home),
        "PULUMI_BACKEND_URL": Backend(backend).url,
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        # The provider is on PATH too, beside the CLI: the engine would take that one, and warn in every run.
        "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }


def _place(pulumi_home: Path, name: str) -> Path:
    """Where the CLI looks for the provider of the version that the SDK asks for."""
    directory = pulumi_home / "plugins" / f"resource-{name}-v{sdk_version(name)}"
    directory.mkdir(parents=True, exist_ok=True)
    return directory / f"pulumi-resource-{name}"


def _link(link: Path, target: Path) -> None:
    if link == target or (link.is_symlink() and link.readlink() == target):
        return
    fresh = link.with_name(f".{link.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(link)


def _switch_trace_off(pulumi_home: Path) -> None:
    """Keeps the CLI from writing its debug trace, for which it has no option.

    Every value of every call is encoded and compressed into it: half of the CLI's time and 20 MB a run with
    large custom resource definitions. The CLI goes on without a trace when its directory cannot be made.
    """
    trace = pulumi_home / "logs"
    if trace.is_dir() and pulumi_home != Path.home() / ".pulumi":
        shutil.rmtree(trace)
    if not trace.exists():
        trace.write_text("A file on purpose: the Pulumi CLI writes no debug trace when this is no directory.\n")


def _write_launcher(path: Path, module: str, *arguments: str) -> None:
    command = shlex.join([sys.executable, "-P", "-m", module, *arguments])
    content = f'#!/bin/sh\nexec {command} "$@"\n'
    if path.is_file() and path.read_text() == content:
        return
    # Replaced in one step: the engine of another terminal may be starting it.
    temporary = path.with_suffix(".new")
    temporary.write_text(content)
    temporary.chmod(0o755)
    temporary.replace(path)


def _is_stand_in(path: Path) -> bool:
    with path.open("rb") as file:
        return b"patchbay_standins.pulumi_plugins" in file.read(4096)
