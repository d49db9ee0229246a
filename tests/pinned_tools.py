"""The programs that the environment is built of, for tests that need one and nothing else of it."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from patchbay_local.machine import paths


def need(*files: Path) -> None:
    """Skips the test where one of them is not built."""
    if not all(file.exists() for file in files):
        pytest.skip("the pinned tools are not built")


def keda_manifests() -> list[dict[str, Any]]:
    """KEDA's own manifests, built by kubectl from the pinned module's files."""
    kubectl, kustomization = paths.BIN / "kubectl", paths.TOOLS / "keda-config" / "minimal"
    need(kubectl, kustomization)
    built = subprocess.run([kubectl, "kustomize", kustomization], check=True, capture_output=True, text=True)
    return list(yaml.safe_load_all(built.stdout))
