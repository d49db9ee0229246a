"""The program's settings, from `PATCHBAY_*` environment variables; secrets come from mounted files only."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from patchbay_runtime.open_id.issuer import Issuer


class SettingsError(Exception):
    """A setting that cannot be used; the message names the variable and the remedy, never a secret."""


class Settings(BaseSettings):
    """Which environment (stack) this is, where the runtime finds MariaDB and Redis, and how it logs.

    `node` and `release`: where the pod runs and which roll-out it is of, for metrics.

    A data service is entered by a password from a file, which is read again for each connection, or by the pod's own
    AWS identity: `database_iam`, and `redis_iam_cache`, the id of the replication group. `database_ca_file` turns on
    TLS to MariaDB and vouches for its certificate; for Redis it is `redis_tls`, with the public authorities unless
    `redis_ca_file` names others.

    `connector_ports`, `connector_private_ranges`: what connectors may call, such as `443,8000-8100` and `10.9.0.0/16`;
    where an environment says nothing, HTTPS on the internet alone. `closed_address`: host and port of a service that
    network policies refuse to workers; one that calls other systems takes nothing while it can be reached.

    `most_run_processes`, `most_open_processes`: of one run, and of a tenant at one time.

    `domain`: tenants have names of their own below it, `<tenant>.<domain>`; each is good for that tenant alone.

    `openid_issuers`: whose access tokens the API takes, as a JSON list; without any, people cannot sign in.

    `administrator_key_file`: the first administrator's API key, which `migrate` records.

    `sealing_key_file`: 64 hexadecimal digits, by which the API seals the secrets of webhooks in the database. With
    another key those that there are cannot be used any more.

    `database_instance`, `database_administrator`: RDS' identifier of the write copy and its master user, for the
    command that makes the runtime's own account.
    """

    model_config = SettingsConfigDict(env_prefix="PATCHBAY_", frozen=True, extra="ignore")

    environment: str = Field(default="local", pattern=r"^[a-z][a-z0-9-]{0,39}$")
    node: str = ""
    release: str = ""
    aws_region: str | None = Field(default=None, pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")

    database_host: str = Field(default="mariadb.patchbay-data", min_length=1)
    database_port: int = Field(default=3306, ge=1, le=65535)
    database_name: str = Field(default="patchbay", pattern=r"^[a-z][a-z0-9_]{0,62}$")
    database_user: str = Field(default="patchbay", pattern=r"^[a-z][a-z0-9_]{0,31}$")
    database_password_file: Path | None = None
    database_iam: bool = False
    database_ca_file: Path | None = None
    database_instance: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9-]{0,62}$")
    database_administrator: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9_]{0,15}$")

    redis_host: str = Field(default="redis.patchbay-data", min_length=1)
    redis_port: int = Field(default=6379, ge=1, le=65535)
    redis_user: str | None = Field(default=None, min_length=1)
    redis_password_file: Path | None = None
    redis_iam_cache: str | None = Field(default=None, min_length=1)
    redis_tls: bool = False
    redis_ca_file: Path | None = None

    domain: str | None = Field(default=None, pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$")
    openid_issuers: tuple[Issuer, ...] = ()

    administrator_key_file: Path | None = None

    connector_ports: str = Field(default="443", pattern=r"^\d+(-\d+)?(,\d+(-\d+)?)*$")
    connector_private_ranges: str = Field(default="", pattern=r"^([0-9a-fA-F.:]+/\d+(,[0-9a-fA-F.:]+/\d+)*)?$")
    closed_address: str | None = Field(default=None, pattern=r"^\S+:\d{1,5}$")

    most_run_processes: int = Field(default=100_000, ge=1)
    most_open_processes: int = Field(default=100_000, ge=1)

    sealing_key_file: Path | None = None

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("openid_issuers")
    @classmethod
    def _each_once(cls, issuers: tuple[Issuer, ...]) -> tuple[Issuer, ...]:
        if len({one.issuer for one in issuers}) < len(issuers):
            raise ValueError("PATCHBAY_OPENID_ISSUERS names an issuer twice; remove one of them")
        return issuers

    @model_validator(mode="after")
    def _database_identity_is_complete(self) -> Self:
        if self.database_iam:
            if self.database_password_file is not None:
                raise ValueError("PATCHBAY_DATABASE_IAM excludes PATCHBAY_DATABASE_PASSWORD_FILE; unset one of them")
            if self.aws_region is None or self.database_ca_file is None:
                # The token would be readable on the way, and good for others.
                raise ValueError("PATCHBAY_DATABASE_IAM needs PATCHBAY_AWS_REGION and PATCHBAY_DATABASE_CA_FILE")
        return self

    @model_validator(mode="after")
    def _redis_identity_is_complete(self) -> Self:
        if self.redis_iam_cache is not None:
            if self.redis_password_file is not None:
                raise ValueError("PATCHBAY_REDIS_IAM_CACHE excludes PATCHBAY_REDIS_PASSWORD_FILE; unset one of them")
            if self.aws_region is None or self.redis_user is None or not self.redis_tls:
                raise ValueError(
                    "PATCHBAY_REDIS_IAM_CACHE needs PATCHBAY_AWS_REGION, PATCHBAY_REDIS_USER and PATCHBAY_REDIS_TLS"
                )
        return self


def read_secret(variable: str, path: Path) -> str:
    """The secret in a mounted file, which may have been replaced since. `variable` names the file, for the error."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        message = f"{variable}: cannot read {path} ({error.strerror}); mount the secret there or unset the variable"
        raise SettingsError(message) from error
