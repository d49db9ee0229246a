"""The programs that the environment is built of, for tests that need one and nothing else of it."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from patchbay_local.machine import paths


def need(*files: Path) -> None:
    """Fails the test where one of them is not there."""
    if missing := [str(file) for file in files if not file.exists()]:
        pytest.fail(f"{missing[0]} is not there: `make up` makes it")


def program(name: str) -> str:
    """A server program of one of the Debian packages that the environment installs."""
    # Debian's servers are where only root has its path.
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.fail(f"{name} is not installed: `make up` installs it")
    return found


def keda_manifests() -> list[dict[str, Any]]:
    """KEDA's own manifests, built by kubectl from the pinned module's files."""
    kubectl, kustomization = paths.BIN / "kubectl", paths.TOOLS / "keda-config" / "minimal"
    need(kubectl, kustomization)
    built = subprocess.run([kubectl, "kustomize", kustomization], check=True, capture_output=True, text=True)
    return list(yaml.safe_load_all(built.stdout))
