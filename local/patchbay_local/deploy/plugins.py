"""Puts the stand-ins where the Pulumi CLI looks for its plugins."""

import json
import shlex
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from patchbay_local.deploy.stack.backend import Backend
from patchbay_local.machine import paths

LANGUAGE_HOST: Final = "pulumi-language-python"
PROVIDERS: Final = {
    "aws": "patchbay_standins.pulumi_plugins.aws_provider",
    "kubernetes": "patchbay_standins.pulumi_plugins.kubernetes_provider",
}


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
    about a language host that lies anywhere else.
    """
    binary = (pulumi_bin_dir / "pulumi").resolve(strict=True)
    host = binary.with_name(LANGUAGE_HOST)
    _write_launcher(host, "patchbay_standins.pulumi_plugins.language_host")
    link = pulumi_bin_dir / LANGUAGE_HOST
    if link.resolve() != host:
        link.unlink(missing_ok=True)
        link.symlink_to(host)
    pulumi_home.mkdir(parents=True, exist_ok=True)
    _switch_trace_off(pulumi_home)
    for name, module in PROVIDERS.items():
        directory = pulumi_home / "plugins" / f"resource-{name}-v{sdk_version(name)}"
        directory.mkdir(parents=True, exist_ok=True)
        _write_launcher(directory / f"pulumi-resource-{name}", module)


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
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }


def sdk_version(name: str) -> str:
    """The version of the installed SDK package of a provider, which is the one that programs ask for."""
    spec = find_spec(f"pulumi_{name}")
    if spec is None or spec.origin is None:
        message = f"the package pulumi-{name} is not installed in {sys.prefix}: install the `infra` extra"
        raise RuntimeError(message)
    return str(json.loads(Path(spec.origin).with_name("pulumi-plugin.json").read_text())["version"])


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


def _write_launcher(path: Path, module: str) -> None:
    content = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -P -m {module} "$@"\n'
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
