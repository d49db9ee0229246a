"""The command for an environment on AWS: 0 put back, 2 refused, or something failed, and what it says."""

import datetime
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.text import Text

from patchbay_operations.access import Access
from patchbay_operations.inputs import InputError
from patchbay_operations.refusal import explained
from patchbay_operations.restore.database import Database, DatabaseError
from patchbay_operations.restore.put_back import Names, PutBackError
from patchbay_operations.restore.rds import RdsBackups, RestoreError
from patchbay_operations.restore.steps import restore_tenant
from patchbay_operations.stack_file import PartOfStack, StackFile, other_account

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
_FAILED: Final = 2
# As in patchbay_runtime.names.
_TENANT: Final = re.compile(r"[a-z]([a-z0-9-]{0,38}[a-z0-9])?")


class _Aws(PartOfStack):
    region: str
    account_id: str


class _EnvironmentNames(PartOfStack):
    name: str


class _Infra(PartOfStack):
    aws: _Aws
    environment: _EnvironmentNames


@dataclass(frozen=True)
class OnAws:
    """RDS' backups, entered over TLS as the restored instance's administrator."""

    rds: RdsBackups
    ca: Path

    @contextmanager
    def restored(self, point: datetime.datetime) -> Iterator[Database]:
        with self.rds.restored(point):
            yield self.rds.administrator(self.rds.copy, ca=self.ca)


@app.command()
def restore(
    *,
    stack_file: Annotated[Path, typer.Option(help="The environment: Pulumi.<stack>.yaml.")],
    tenant: Annotated[str, typer.Option(help="The tenant's name.")],
    to: Annotated[
        datetime.datetime,
        typer.Option(
            metavar="TIME", help="The second, in UTC, such as 2026-01-31T12:00:00Z.", formats=["%Y-%m-%dT%H:%M:%SZ"]
        ),
    ],
    ca: Annotated[Path, typer.Option(help="AWS' certificate authorities of RDS, in PEM form.")],
) -> None:
    """Put a tenant's data back as they were at a point in time."""
    raise typer.Exit(run(stack_file, tenant, to.replace(tzinfo=datetime.UTC), ca, access=Access))


def run(
    stack_file: Path,
    tenant: str,
    point: datetime.datetime,
    ca: Path,
    *,
    access: Callable[[str], Access],
    console: Console | None = None,
) -> int:
    """The exit status. `access`: to the account, by the region."""
    console = console or Console(soft_wrap=True, highlight=False)
    try:
        names = Names(_schema(tenant))
        if not ca.is_file():
            raise RestoreError(f"--ca: there is no file {ca}; docs/restore.md tells where AWS has it")
        infra = StackFile.read(stack_file).infra(_Infra)
        reached = access(infra.aws.region)
        _require_account(reached, infra.aws.account_id)
        instance = f"patchbay-{infra.environment.name}-databases-write"
        rds = RdsBackups(reached, instance)
        done = restore_tenant(
            OnAws(rds, ca),
            lambda: rds.administrator(instance, ca=ca),
            names.live,
            point,
            tell=lambda line: console.print(Text(line)),
        )
    except (ClientError, BotoCoreError) as error:
        return _failed(console, "; ".join(explained(error)))
    except (InputError, RestoreError, PutBackError, DatabaseError) as error:
        return _failed(console, str(error))
    rows = sum(content.rows for content in done.live.values())
    console.print(Text(f"{tenant}: {rows} rows in {len(done.live)} tables, back after {done.recovery_seconds:.0f} s"))
    console.print(Text(f"what was there before is in `{names.before}`; drop it when nobody needs it"))
    return 0


def _failed(console: Console, why: str) -> int:
    console.print(Text.assemble(("not restored: ", "red"), why))
    return _FAILED


def _schema(tenant: str) -> str:
    if not _TENANT.fullmatch(tenant):
        raise RestoreError(
            f"--tenant: {tenant} is no tenant's name, of lower-case letters, digits and hyphens; "
            "give it as the API has it, without tenant_"
        )
    return f"tenant_{tenant.replace('-', '_')}"


def _require_account(access: Access, wanted: str) -> None:
    """Another account may have an environment of the same name, whose master password would be set anew."""
    account = str(access.client("sts").get_caller_identity()["Account"])
    if fault := other_account(wanted, account):
        raise RestoreError("{}: {}; {}".format(*fault))
