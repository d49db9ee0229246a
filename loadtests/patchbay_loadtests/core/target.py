"""Which environment is tested."""

from ipaddress import ip_address
from pathlib import Path
from socket import gaierror, getaddrinfo
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from patchbay_loadtests.core.access import Access

Name = Annotated[str, StringConstraints(pattern=r"^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$")]


class Target(BaseModel):
    """An environment by its gateway's address and its cluster's kubeconfig."""

    model_config = ConfigDict(frozen=True)

    host: str
    kubeconfig: Path
    context: str | None = None
    namespace: Name = "patchbay-runtime"
    metrics_namespace: Name = "patchbay-metrics"
    sink_namespace: Name = "patchbay-loadtest"
    tenant: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")] = "loadtest"
    allow_remote_host: bool = False
    access: Access = Field(default_factory=Access.from_environment, exclude=True)

    @field_validator("host")
    @classmethod
    def _is_an_http_address(cls, host: str) -> str:
        parts = urlsplit(host)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path not in {"", "/"}:
            raise ValueError(f"host must be http://NAME[:PORT] or https://NAME[:PORT] without a path, not {host!r}")
        return host.rstrip("/")

    @field_validator("kubeconfig")
    @classmethod
    def _can_be_read(cls, kubeconfig: Path) -> Path:
        if not kubeconfig.is_file():
            raise ValueError(f"kubeconfig: there is no file {kubeconfig}; is the environment up?")
        return kubeconfig

    @model_validator(mode="after")
    def _is_meant(self) -> "Target":
        if not self.allow_remote_host and not is_loopback(self.host):
            raise ValueError(
                f"host {self.host} is not this machine: load goes to another one only with --allow-remote-host"
            )
        return self


def is_loopback(host: str) -> bool:
    """True when every address that the URL's host resolves to is a loopback address."""
    name = urlsplit(host).hostname or ""
    try:
        addresses = {str(entry[4][0]) for entry in getaddrinfo(name, None)}
    except gaierror:
        return False
    return bool(addresses) and all(ip_address(address).is_loopback for address in addresses)
