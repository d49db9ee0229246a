"""How an environment's AWS account is reached."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from threading import Lock
from typing import Any, Final

import boto3
from botocore.config import Config

# What AWS' own tools read; an emulator's address and its keys come the same way.
_ACCESS_KEY: Final = "AWS_ACCESS_KEY_ID"
_SECRET_KEY: Final = "AWS_SECRET_ACCESS_KEY"  # noqa: S105 - the name of a variable
_SESSION_TOKEN: Final = "AWS_SESSION_TOKEN"  # noqa: S105 - the same
_ENDPOINT: Final = "AWS_ENDPOINT_URL"

_MAKING: Final = Lock()  # clients may be used by several threads, and sessions may not


@dataclass(frozen=True)
class Access:
    """`endpoint`: of an emulator in place of AWS.

    `keys`: access key, secret and the session's token, without which a role's keys are refused; None: as AWS' own tools
    find them.
    """

    region: str
    endpoint: str | None = None
    keys: tuple[str, str, str | None] | None = field(default=None, repr=False)

    @classmethod
    def of_environment(cls, region: str, environment: Mapping[str, str]) -> "Access":
        """What the variables say that AWS' own tools read."""
        key, secret = environment.get(_ACCESS_KEY), environment.get(_SECRET_KEY)
        keys = (key, secret, environment.get(_SESSION_TOKEN)) if key and secret else None
        return cls(region, environment.get(_ENDPOINT), keys)

    def client(self, service: str, *, region: str | None = None) -> Any:
        """The boto3 client of a service, in the environment's region unless another is named."""
        return _client(self, service, region or self.region)


@lru_cache(maxsize=1)
def _session() -> boto3.Session:
    """One for all clients: a session reads each service's model once, which takes longer than most calls."""
    return boto3.Session()


def answers(client: Any, call: str, **parameters: Any) -> Iterator[dict[str, Any]]:
    """Every answer of a call: of all pages where the service cuts the result, else the only one."""
    if client.can_paginate(call):
        yield from client.get_paginator(call).paginate(**parameters)
    else:
        yield getattr(client, call)(**parameters)


@lru_cache(maxsize=128)
def _client(access: Access, service: str, region: str) -> Any:
    key, secret, token = access.keys or (None, None, None)
    with _MAKING:
        return _session().client(
            service,  # type: ignore[call-overload]  # the service is named at run time
            region_name=region,
            endpoint_url=access.endpoint,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
            config=Config(
                max_pool_connections=16,
                s3={"addressing_style": "path"} if access.endpoint else None,
                retries={"mode": "standard", "max_attempts": 1 if access.endpoint else 5},
            ),
        )
