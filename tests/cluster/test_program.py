"""`pulumi` as its user knows it, over the stack that `make up` deployed."""

import json
import os
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
from patchbay_local.machine import paths

# What the engine writes beside a secret value in its state (sdk/go/common/resource/sig).
SECRET_MARK = "1b47061264138c4ac30d75fd1eb44270"


def pulumi(*arguments: str) -> subprocess.CompletedProcess[str]:
    exports = subprocess.run(
        ["make", "--silent", "env"], cwd=paths.REPOSITORY, capture_output=True, text=True, check=True
    ).stdout
    words = (word for word in shlex.split(exports) if "=" in word)
    environment = dict(word.split("=", maxsplit=1) for word in words)
    environment["PATH"] = environment["PATH"].replace("$PATH", os.environ["PATH"])
    return subprocess.run(
        ["pulumi", *arguments, "--stack=local", "--non-interactive"],
        cwd=paths.REPOSITORY,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_preview_of_what_is_deployed_changes_nothing() -> None:
    preview = pulumi("preview", "--expect-no-changes")
    assert preview.returncode == 0, preview.stdout + preview.stderr


def test_the_stacks_outputs_say_where_to_find_the_platform() -> None:
    outputs = pulumi("stack", "output", "--json")
    assert outputs.returncode == 0, outputs.stderr
    assert outputs.stdout.strip() != "{}"


def test_the_stacks_state_holds_no_secret_but_the_password_that_the_database_is_made_with() -> None:
    exported = pulumi("stack", "export", "--show-secrets")
    assert exported.returncode == 0, exported.stderr
    marked = {
        (resource["type"], name)
        for resource in json.loads(exported.stdout)["deployment"]["resources"]
        for values in (resource.get("inputs") or {}, resource.get("outputs") or {})
        for name, value in values.items()
        if SECRET_MARK in json.dumps(value)
    }
    # Good for nothing once the first Job has set another: docs/decisions/0023-nobody-keeps-the-master-password.md.
    assert marked == {("aws:rds/instance:Instance", "passwordWo")}


def _is_made_in_the_cluster(resource: dict[str, Any]) -> bool:
    return bool(resource["custom"]) and str(resource["type"]).startswith("kubernetes:")


def _forget_the_cluster(state: dict[str, Any]) -> int:
    """Take all objects of Kubernetes out of the state; how many there were."""
    deployment = state["deployment"]
    gone = {resource["urn"] for resource in deployment["resources"] if _is_made_in_the_cluster(resource)}
    deployment["resources"] = [resource for resource in deployment["resources"] if resource["urn"] not in gone]
    for resource in deployment["resources"]:
        resource["dependencies"] = [urn for urn in resource.get("dependencies") or [] if urn not in gone]
        of_properties = resource.get("propertyDependencies") or {}
        resource["propertyDependencies"] = {
            name: [urn for urn in urns or [] if urn not in gone] for name, urns in of_properties.items()
        }
    return len(gone)


@pytest.mark.long
def test_what_interrupted_updates_made_in_the_cluster_is_taken_over_by_the_next(tmp_path: Path) -> None:
    """An engine that is interrupted forgets what it waits for: the object is there, and the state does not have it."""
    file = tmp_path / "state.json"
    exported = pulumi("stack", "export", f"--file={file}")
    assert exported.returncode == 0, exported.stderr
    before = file.read_text()
    state = json.loads(before)
    assert _forget_the_cluster(state) > 100
    file.write_text(json.dumps(state))
    imported = pulumi("stack", "import", f"--file={file}")
    assert imported.returncode == 0, imported.stderr
    updated = pulumi("up", "--yes", "--skip-preview")
    if updated.returncode != 0:
        file.write_text(before)
        pulumi("stack", "import", f"--file={file}")
    assert updated.returncode == 0, updated.stdout + updated.stderr
    preview = pulumi("preview", "--expect-no-changes")
    assert preview.returncode == 0, preview.stdout + preview.stderr
