"""A fresh stack for each test of the engine."""

import os
from pathlib import Path

import pytest
from patchbay_local.deploy.stack import plugins as install

from tests.standins.pulumi_plugins.control_plane import ControlPlane, environment_without_pulumi
from tests.standins.pulumi_plugins.stack import Stack


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
