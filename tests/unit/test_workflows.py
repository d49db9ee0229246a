"""The code host takes the workflows, and they hand out no more than they need."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

WORKFLOWS = sorted((Path(__file__).resolve().parents[2] / ".github" / "workflows").glob("*.y*ml"))
COMMIT = re.compile(r"@[0-9a-f]{40}$")


def content(workflow: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(workflow.read_text())
    return loaded


def test_they_keep_to_the_schema_of_workflows() -> None:
    # SchemaStore's, which check-jsonschema brings along.
    command = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        "vendor.github-workflows",
        *map(str, WORKFLOWS),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert WORKFLOWS
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda workflow: workflow.stem)
def test_no_job_has_rights_that_it_does_not_name(workflow: Path) -> None:
    assert content(workflow)["permissions"] == {}
    for job in content(workflow)["jobs"].values():
        assert set(job["permissions"].items()) <= {("contents", "read"), ("id-token", "write")}


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda workflow: workflow.stem)
def test_actions_of_others_are_pinned_by_commit(workflow: Path) -> None:
    used = [step["uses"] for job in content(workflow)["jobs"].values() for step in job["steps"] if "uses" in step]
    assert not [action for action in used if not COMMIT.search(action)]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda workflow: workflow.stem)
def test_no_strangers_text_becomes_a_command(workflow: Path) -> None:
    scripts = [step["run"] for job in content(workflow)["jobs"].values() for step in job["steps"] if "run" in step]
    assert not [script for script in scripts if "${{" in script]


def test_the_login_shows_no_token_to_whoever_lists_processes(tmp_path: Path) -> None:
    """Arguments of the programs that it calls, which stubs write down, are everybody's."""
    answers = {"curl": '{"value": "token-of-the-job"}', "aws": '{"Credentials": {"AccessKeyId": "a"}}'}
    for name, answer in answers.items():
        stub = tmp_path / name
        stub.write_text(
            f"""#!/bin/sh
printf '%s\\n' "$@" >> "{tmp_path}/arguments"
for one in "$@"; do case $one in @*|file://*) one=${{one#@}}; cat "${{one#file://}}" >> "{tmp_path}/handed"; esac; done
echo '{answer}'
"""
        )
        stub.chmod(0o755)
    script = WORKFLOWS[0].parents[1] / "aws-login.sh"
    told = tmp_path / "environment"
    variables = {
        "ACTIONS_ID_TOKEN_REQUEST_URL": "https://example.com/?a=b",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "token-of-the-request",
        "GITHUB_RUN_ID": "1",
        "GITHUB_ENV": str(told),
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "TMPDIR": str(tmp_path),
    }
    subprocess.run(["bash", script, "arn:aws:iam::111122223333:role/example", "900"], env=variables, check=True)
    assert "token-of" not in (tmp_path / "arguments").read_text()
    assert (tmp_path / "handed").read_text() == "Authorization: bearer token-of-the-requesttoken-of-the-job"
    assert "AWS_ACCESS_KEY_ID=a" in told.read_text()
    assert not list(tmp_path.glob("tmp.*"))


def test_a_night_without_a_role_is_skipped_and_one_that_is_cancelled_destroys_all_the_same() -> None:
    (job,) = content(next(one for one in WORKFLOWS if one.stem == "smoke"))["jobs"].values()
    # Without `always()` the code host ends the whole job five minutes after its cancellation.
    assert job["if"] == "always() && vars.SMOKE_ROLE_ARN != ''"
    destroying = [step for step in job["steps"] if "--destroy-only" in step.get("run", "")]
    assert [step["if"] for step in destroying] == ["always()"]
    # A shell of its own would get a cancellation's signals in place of the run.
    runs = [step["run"] for step in job["steps"] if "patchbay_operations.smoke" in step.get("run", "")]
    assert len(runs) == 2
    assert all(re.search(r"^exec .*patchbay_operations\.smoke", run, re.M) for run in runs)
