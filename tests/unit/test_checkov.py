"""checkov finds nothing in the rendered manifests that is not an exception with a reason."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from patchbay_local.build.own_environments import CHECKOV

from tests.unit.conftest import REPOSITORY, Program

EXCEPTIONS = REPOSITORY / "policies" / "checkov.yaml"

Failure = tuple[str, str, str]


@pytest.fixture(scope="module")
def exceptions() -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = yaml.safe_load(EXCEPTIONS.read_text())["exceptions"]
    return entries


@pytest.fixture(scope="module")
def failures(program: Program, tmp_path_factory: pytest.TempPathFactory) -> list[Failure]:
    """Check, `Kind.namespace.name` and description of each failed check."""
    objects = [dict(resource.manifest) for resource in program.resources if "apiVersion" in resource.inputs]
    manifests = tmp_path_factory.mktemp("manifests") / "platform.yaml"
    # The engine's numbers are floating; Kubernetes gets 10001, not 10001.0.
    plain = json.loads(json.dumps(objects), parse_float=lambda text: int(float(text)) if text.endswith(".0") else text)
    manifests.write_text(yaml.safe_dump_all(plain))
    report = run_checkov(manifests)
    assert report["summary"]["resource_count"] >= len(objects)
    assert report["summary"]["parsing_errors"] == 0
    return [(item["check_id"], item["resource"], item["check_name"]) for item in report["results"]["failed_checks"]]


def run_checkov(manifests: Path) -> dict[str, Any]:
    options = ["--framework", "kubernetes", "--skip-download", "--output", "json", "--quiet", "--compact"]
    command = [str(CHECKOV.program("checkov")), "--file", str(manifests), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def excuses(exception: dict[str, Any], failure: Failure) -> bool:
    check, resource, _ = failure
    return bool(
        re.fullmatch(exception["check"], check)
        and any(re.fullmatch(pattern, resource) for pattern in exception["resources"])
    )


def test_no_check_fails_without_a_reasoned_exception(failures: list[Failure], exceptions: list[dict[str, Any]]) -> None:
    unexcused = [failure for failure in failures if not any(excuses(entry, failure) for entry in exceptions)]
    listing = "\n".join(f"{check} {resource}: {text}" for check, resource, text in unexcused)
    assert not unexcused, f"mend these, or give a reason in {EXCEPTIONS.name}:\n{listing}"


def test_every_exception_has_a_reason_and_is_still_needed(
    failures: list[Failure], exceptions: list[dict[str, Any]]
) -> None:
    for entry in exceptions:
        assert len(entry["reason"].split()) > 5, entry
        assert any(excuses(entry, failure) for failure in failures), f"matches nothing, remove it: {entry}"


def test_a_manifest_without_security_is_found(tmp_path: Path) -> None:
    container = {"name": "web", "image": "web:latest", "securityContext": {"privileged": True}}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {"containers": [container]}}
    (tmp_path / "pod.yaml").write_text(yaml.safe_dump(pod))
    found = {item["check_id"] for item in run_checkov(tmp_path / "pod.yaml")["results"]["failed_checks"]}
    assert {"CKV_K8S_16", "CKV_K8S_14"} <= found
