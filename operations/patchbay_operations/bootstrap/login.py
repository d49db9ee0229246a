"""Pulumi's login to the state, and the stack in it."""

import json
import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from patchbay_operations.bootstrap.findings import RefusedError, Work

STEP: Final = "stack"
_UNMADE: Final = "KEY"


def state_url(work: Work) -> str:
    """Pulumi's reference, "Using a DIY backend": the region may be told in the address."""
    return f"s3://{work.stack.infra.delivery.state_bucket}?region={work.access.region}"


def commands(work: Work, key_arn: str | None) -> Sequence[Sequence[str]]:
    """What logs in, and makes the stack with its secrets encrypted by the key."""
    region = key_arn.split(":")[3] if key_arn else work.access.region
    key = key_arn.rpartition("/")[2] if key_arn else _UNMADE
    provider = f"--secrets-provider=awskms://{key}?region={region}"
    return [["pulumi", "login", state_url(work)], ["pulumi", "stack", "init", work.stack.name, provider]]


def shown(command: Sequence[str]) -> str:
    return shlex.join(command)


def run(work: Work, key_arn: str | None) -> None:
    """Logs in, and makes the stack unless it is in the state already."""
    login, init = commands(work, key_arn)
    if work.dry_run:
        work.make(STEP, shown(login), lambda: None)
        work.make(STEP, f"{work.stack.name}, unless it is there", lambda: None)
        return
    directory = work.stack.file.resolve().parent
    # A variable of another state, as `make env` sets, would hold against the login.
    environment = {**os.environ, "PULUMI_BACKEND_URL": state_url(work)}
    _call(login, directory, environment)
    work.found(STEP, f"logged in to {state_url(work)}")
    listed = _call(["pulumi", "stack", "ls", "--json"], directory, environment, captured=True)
    names = {str(entry["name"]).rpartition("/")[2] for entry in json.loads(listed or "[]")}
    if work.stack.name in names:
        work.found(STEP, work.stack.name)
        return
    work.make(STEP, work.stack.name, lambda: _call(init, directory, environment))
    work.look(STEP, f"commit {work.stack.file.name}: `secretsprovider` and `encryptedkey` are in it")


def _call(command: Sequence[str], directory: Path, environment: Mapping[str, str], *, captured: bool = False) -> str:
    try:
        done = subprocess.run(
            command,
            cwd=directory,
            env=dict(environment),
            stdout=subprocess.PIPE if captured else None,
            text=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise RefusedError("there is no `pulumi` on the PATH; install it, or leave --login out") from error
    if done.returncode:
        raise RefusedError(f"`{shown(command)}` ended with {done.returncode}; its own words are above")
    return done.stdout or ""
