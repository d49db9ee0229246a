"""Fixtures: one control plane for all tests of the engine, a fresh stack for each."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from patchbay_local.deploy.stack import plugins as install
from patchbay_local.machine import paths
from patchbay_standins.pulumi_plugins.sdk import PYTHON_EXECUTE

from tests.pinned_tools import need
from tests.standins.pulumi_plugins.control_plane import ControlPlane, environment_without_pulumi
from tests.standins.pulumi_plugins.stack import Stack


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with ControlPlane(tmp_path_factory.mktemp("control-plane")) as plane:
        yield plane


@pytest.fixture(scope="session")
def pulumi(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CLI of its own, with the stand-ins of this work tree and the built Kubernetes provider beside it."""
    provider = "pulumi-resource-kubernetes"
    need(paths.BIN / "pulumi")
    directory = tmp_path_factory.mktemp("pulumi")
    built = (paths.BIN / "pulumi").resolve()
    for name in ("pulumi", PYTHON_EXECUTE):
        shutil.copy2(built.with_name(name), directory / name)
    (directory / provider).symlink_to((paths.BIN / provider).resolve())
    install.install(directory / "home", directory)
    return directory / "pulumi"


@pytest.fixture
def stack(tmp_path: Path, pulumi: Path, control_plane: ControlPlane) -> Stack:
    backend = tmp_path / "state"
    backend.mkdir()
    directory = tmp_path / "project"
    directory.mkdir()
    environment = (
        environment_without_pulumi()
        | install.environment(pulumi.parent / "home", backend)
        | {
            "PATH": f"{pulumi.parent}{os.pathsep}{os.environ['PATH']}",
            "KUBECONFIG": str(control_plane.kubeconfig),
        }
    )
    return Stack(directory, pulumi, environment)
