"""A stack file that is no example, an account where everything that a run needs is there, and the command run in it."""

import io
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from patchbay_operations.access import Access
from patchbay_operations.smoke.command import run
from patchbay_operations.smoke.engine import Engine
from patchbay_operations.smoke.options import Options
from patchbay_operations.smoke.stack_file import Stack
from patchbay_operations.smoke.stopping import Stop
from rich.console import Console

from tests.operations.bootstrap.prepared import role_keys
from tests.standins.aws.account import Account
from tests.standins.aws.launched import ACCOUNT

REPOSITORY = Path(__file__).resolve().parents[3]
DOMAIN, BUCKET, ADMIN = "dev.platform.test", "patchbay-state-of-a-smoke-test", "example-developer"
# What a stub of Pulumi answers: the stack is there, and empty.
EMPTY = """\
case "$1 $2" in
"stack ls") echo '[{"name": "organization/patchbay/dev"}]' ;;
"stack export") echo '{"deployment": {"resources": []}}' > "$([ "$3" = --file ] && echo "$4" || echo /dev/stdout)" ;;
esac
"""


def dev(
    directory: Path,
    *,
    key: str = "",
    zone: str | None = "Z0EXAMPLE",
    account: str = ACCOUNT,
    changes: Mapping[str, Mapping[str, Any]] | None = None,
) -> Path:
    """The repository's dev with a domain, a bucket and an account of the test's own. `changes`: by section."""
    document = yaml.safe_load((REPOSITORY / "Pulumi.dev.yaml").read_text())
    infra = document["config"]["patchbay:infra"]
    infra["aws"]["accountId"] = account
    infra["edge"] |= {"domain": DOMAIN, "zoneId": zone}
    infra["delivery"] |= {"stateBucket": BUCKET} | ({"stateKeyArn": key} if key else {})
    for cluster in infra["clusters"].values():
        cluster["admins"] = [f"arn:aws:iam::{account}:role/{ADMIN}"]
    for section, values in (changes or {}).items():
        infra[section] = {**infra[section], **values}
    file = directory / "Pulumi.dev.yaml"
    file.write_text(yaml.safe_dump({"encryptionsalt": "v1:test", **document}, sort_keys=False))
    return file


def ready(account: Account) -> str:
    """The bucket of the state; the ARN of its key."""
    if BUCKET not in {bucket["Name"] for bucket in account.client("s3").list_buckets()["Buckets"]}:
        where = {"LocationConstraint": "eu-central-1"}
        account.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
    return account.key()


def program(directory: Path, script: str) -> Path:
    """A stub that stands in for Pulumi's command. It notes what it is called with in `calls`, beside it."""
    file = directory / "pulumi"
    file.write_text(f'#!/bin/sh\necho "$@" >> "{directory}/calls"\n{script}')
    file.chmod(0o755)
    return file


def calls(directory: Path) -> list[str]:
    file = directory / "calls"
    return file.read_text().splitlines() if file.exists() else []


@dataclass(frozen=True)
class Done:
    status: int
    told: str


def smoked(account: Account, options: Options, stub: Path, *, role: str = ADMIN) -> Done:
    """What the command said, and its exit status."""
    keys = role_keys(account, role)
    told = io.StringIO()
    status = run(
        options,
        Stop(),
        Console(file=told, width=400, soft_wrap=True, highlight=False),
        access=lambda region: Access(region, account.url, (*keys, None)),
        engine=lambda stack: stubbed(stack, stub, options.report),
        real=False,
        pause_seconds=0,
    )
    return Done(status, told.getvalue())


def stubbed(stack: Stack, stub: Path, report: Path) -> Engine:
    assert shutil.which(str(stub))
    return Engine(
        stack.name, stub.parent, f"file://{stub.parent}", report / "pulumi.log", lambda _: None, program=str(stub)
    )
