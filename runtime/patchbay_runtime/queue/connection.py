"""The Redis client as the queue needs it."""

from pathlib import Path

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ConstantBackoff
from redis.credentials import CredentialProvider
from redis.exceptions import ReadOnlyError, RedisError, ResponseError

REDIS_AWAY = (RedisError, OSError, TimeoutError)
"""What a command raises while Redis cannot be reached, restarts or loads its data."""
ANSWER_SECONDS = 5.0
# First words of answers that tell of the server's own state and have no class of their own in the client.
_STATES = ("BUSY ", "MISCONF ", "NOREPLICAS ", "UNBLOCKED ")


def is_refusal(error: Exception) -> bool:
    """Whether Redis answered that a command or script is wrong: no outage, but a fault of ours or of the data."""
    return type(error) is ResponseError and not str(error).startswith(_STATES)


def connect(
    host: str,
    port: int,
    credentials: CredentialProvider | None = None,
    *,
    ca_file: Path | None = None,
    answer_seconds: float = ANSWER_SECONDS,
) -> Redis:
    """A client whose commands fail within seconds when Redis is away; nothing is sent before the first command.

    `ca_file` turns on TLS: the authorities that vouch for the server's certificate. `answer_seconds`: how long an
    answer is waited for.

    One retry on a fresh connection, because a pooled one may have been closed by a restart, or may lead to a server
    that has become a replica. All of the queue's writes may be repeated without effect.
    """
    return Redis(
        host=host,
        port=port,
        credential_provider=credentials,
        ssl=ca_file is not None,
        ssl_ca_certs=None if ca_file is None else str(ca_file),
        decode_responses=True,
        protocol=2,
        socket_connect_timeout=2,
        socket_timeout=answer_seconds,
        retry=Retry(ConstantBackoff(0.05), 1),
        retry_on_error=[ReadOnlyError],
    )
