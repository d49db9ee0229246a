"""What a session starts or lays out once, whichever folder asks for it first."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from patchbay_local.deploy.stack import plugins
from patchbay_local.machine import paths
from patchbay_standins.pulumi_plugins.sdk import PYTHON_EXECUTE

from tests.pinned_tools import need
from tests.standins.pulumi_plugins.control_plane import CONTROLLERS, ControlPlane

_OF_VOLUMES = "persistentvolume-binder-controller,persistentvolumeclaim-protection-controller"


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane without nodes; whoever uses it has a namespace or names of its own."""
    with ControlPlane(tmp_path_factory.mktemp("control-plane"), f"{CONTROLLERS},{_OF_VOLUMES}") as plane:
        yield plane


@pytest.fixture(scope="session")
def pulumi(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CLI of its own, with the stand-ins of this work tree and the built Kubernetes provider beside it."""
    provider = "pulumi-resource-kubernetes"
    need(paths.BIN / "pulumi", paths.BIN / provider)
    directory = tmp_path_factory.mktemp("pulumi")
    built = (paths.BIN / "pulumi").resolve()
    for name in ("pulumi", PYTHON_EXECUTE):
        shutil.copy2(built.with_name(name), directory / name)
    (directory / provider).symlink_to((paths.BIN / provider).resolve())
    plugins.install(directory / "home", directory)
    return directory / "pulumi"
