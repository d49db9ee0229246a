"""A stack file of one's own, and the command run for it in an emulated account."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from patchbay_operations.access import Access
from patchbay_operations.bootstrap.command import run
from rich.console import Console

from tests.standins.aws.account import Account
from tests.standins.aws.launched import ACCOUNT

PRODUCTION = Path(__file__).resolve().parents[3] / "Pulumi.production.yaml"
DOMAIN, BUCKET, ADMIN = "production.platform.test", "patchbay-state-of-a-test", "example-platform-admin"


def stack_file(directory: Path, name: str = "production", **changes: Mapping[str, Any]) -> Path:
    """The repository's production with a domain and a bucket that are no examples. `changes`: by section."""
    document = yaml.safe_load(PRODUCTION.read_text())
    infra = document["config"]["patchbay:infra"]
    infra["edge"]["domain"], infra["delivery"]["stateBucket"] = DOMAIN, BUCKET
    for section, values in changes.items():
        infra[section] = {**infra[section], **values}
    file = directory / f"Pulumi.{name}.yaml"
    file.write_text(yaml.safe_dump(document, sort_keys=False))
    return file


def role_keys(account: Account, role: str, path: str = "/") -> tuple[str, str]:
    """Keys of a session of the role, which is made unless it is there."""
    if role not in {each["RoleName"] for each in account.client("iam").list_roles()["Roles"]}:
        account.client("iam").create_role(RoleName=role, Path=path, AssumeRolePolicyDocument="{}")
    arn = f"arn:aws:iam::{ACCOUNT}:role{path}{role}"
    made = account.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
    return made["AccessKeyId"], made["SecretAccessKey"]


@dataclass(frozen=True)
class Answered(Access):
    """An account of which some calls are answered by the test: `service.call` -> what stands in for it."""

    answered: Mapping[str, Callable[..., Any]] = field(default_factory=dict, hash=False, compare=False)

    def client(self, service: str, *, region: str | None = None) -> Any:
        return _Client(service, super().client(service, region=region), self.answered)


@dataclass(frozen=True)
class _Client:
    service: str
    real: Any
    answered: Mapping[str, Callable[..., Any]]

    def __getattr__(self, call: str) -> Any:
        return self.answered.get(f"{self.service}.{call}") or getattr(self.real, call)


@dataclass(frozen=True)
class Done:
    status: int
    told: str

    def lines(self, state: str) -> list[str]:
        return [line for line in self.told.splitlines() if f" {state} " in f"{line} "]


def prepared(
    account: Account,
    file: Path,
    *,
    keys: tuple[str, str],
    dry_run: bool = False,
    log_in: bool = False,
    answered: Mapping[str, Callable[..., Any]] | None = None,
) -> Done:
    """What the command said, and its exit status."""
    told = io.StringIO()
    status = run(
        file,
        dry_run=dry_run,
        log_in=log_in,
        access=lambda region: Answered(region, account.url, (*keys, None), answered or {}),
        console=Console(file=told, width=400, soft_wrap=True, highlight=False),
    )
    return Done(status, told.getvalue())
