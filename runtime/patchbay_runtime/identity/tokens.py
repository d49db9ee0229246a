"""Tokens that ElastiCache and RDS take in place of a password: signed requests, valid for 15 minutes.

They are asked for at the beginning of a connection only. ElastiCache ends such a connection after 12 hours.
"""

from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

if TYPE_CHECKING:
    from botocore.credentials import ReadOnlyCredentials

VALID_SECONDS: Final = 900


def cache_token(credentials: "ReadOnlyCredentials", *, region: str, cache: str, user: str) -> str:
    """`cache`: the id of the replication group, whatever address is connected to."""
    return _signed(credentials, "elasticache", region, cache.lower(), {"Action": "connect", "User": user})


def database_token(credentials: "ReadOnlyCredentials", *, region: str, host: str, port: int, user: str) -> str:
    """`host`: the instance's own endpoint; an alias of it is refused."""
    return _signed(credentials, "rds-db", region, f"{host}:{port}", {"Action": "connect", "DBUser": user})


def _signed(credentials: "ReadOnlyCredentials", service: str, region: str, host: str, query: dict[str, str]) -> str:
    from botocore.auth import SigV4QueryAuth  # noqa: PLC0415 - heavy, and only managed data services need it
    from botocore.awsrequest import AWSRequest  # noqa: PLC0415 - as above

    request = AWSRequest(method="GET", url=f"https://{host}/?{urlencode(query)}")
    SigV4QueryAuth(credentials, service, region, expires=VALID_SECONDS).add_auth(request)
    return str(request.url).removeprefix("https://")
