"""The program's settings, from `PATCHBAY_*` environment variables; secrets come from mounted files only."""

from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class SettingsError(Exception):
    """A setting that cannot be used; the message names the variable and the remedy, never a secret."""


class Settings(BaseSettings):
    """Which environment (stack) this is, where the runtime finds MariaDB and Redis, and how it logs."""

    model_config = SettingsConfigDict(env_prefix="PATCHBAY_", frozen=True, extra="ignore")

    environment: str = Field(default="local", pattern=r"^[a-z][a-z0-9-]{0,39}$")

    database_host: str = Field(default="mariadb.patchbay-data", min_length=1)
    database_port: int = Field(default=3306, ge=1, le=65535)
    database_name: str = Field(default="patchbay", pattern=r"^[a-z][a-z0-9_]{0,62}$")
    database_user: str = Field(default="patchbay", min_length=1)
    database_password_file: Path | None = None

    redis_host: str = Field(default="redis.patchbay-data", min_length=1)
    redis_port: int = Field(default=6379, ge=1, le=65535)
    redis_password_file: Path | None = None

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    def database_password(self) -> str | None:
        """The database user's password, or None where the server asks for none."""
        return _read_secret("PATCHBAY_DATABASE_PASSWORD_FILE", self.database_password_file)

    def redis_password(self) -> str | None:
        """The Redis password, or None where the server asks for none."""
        return _read_secret("PATCHBAY_REDIS_PASSWORD_FILE", self.redis_password_file)


@lru_cache
def _read_secret(variable: str, path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        message = f"{variable}: cannot read {path} ({error.strerror}); mount the secret there or unset the variable"
        raise SettingsError(message) from error
