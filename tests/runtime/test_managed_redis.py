"""Redis as the cloud offers it: TLS only, rotated passwords, tokens of the pod's identity."""

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from patchbay_runtime.queue import REDIS_AWAY, ProcessQueue
from patchbay_runtime.settings import Settings

from tests.pinned_tools import program
from tests.ports import free_port
from tests.runtime.authority import Authority
from tests.runtime.identity_agent import IdentityAgent
from tests.runtime.servers import HOST, Server

PASSWORD = "only-for-tests"


@pytest.fixture(scope="module")
def managed_redis(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Redis that speaks TLS only and knows the user `runtime`, by the password of its ACL or by any."""
    directory, port = tmp_path_factory.mktemp("managed-redis"), free_port()
    certificate, key = authority.server(HOST)
    command = [program("redis-server"), "--bind", HOST, "--port", "0", "--tls-port", str(port), "--save", ""]
    command += ["--tls-cert-file", str(certificate), "--tls-key-file", str(key), "--tls-auth-clients", "no"]
    command += ["--tls-ca-cert-file", str(authority.ca_file), "--dir", str(directory)]
    command += ["--user", "default", "off", "--user", "runtime", "on", "nopass", "~*", "&*", "+@all"]
    command += ["--user", "reader", "on", f">{PASSWORD}", "~*", "&*", "+@all"]
    ask = [program("redis-cli"), "-h", HOST, "-p", str(port), "--tls", "--cacert", str(authority.ca_file)]
    ask += ["--user", "runtime", "-a", "any", "ping"]
    server = Server(
        command,
        port,
        lambda: b"PONG" in subprocess.run(ask, capture_output=True, check=False).stdout,
        directory / "log",
    )
    server.start()
    yield server
    server.stop()


@pytest.fixture
def cache(managed_redis: Server, authority: Authority) -> Settings:
    """The runtime's user, by the pod's identity."""
    return Settings(
        aws_region="eu-central-1",
        redis_host=HOST,
        redis_port=managed_redis.port,
        redis_user="runtime",
        redis_iam_cache="patchbay-dev-main",
        redis_tls=True,
        redis_ca_file=authority.ca_file,
    )


def whoami(settings: Settings) -> str:
    """The user that a queue of these settings is to Redis."""

    async def ask() -> str:
        queue = ProcessQueue.open(settings, ["map"])
        try:
            return str(await queue.redis.acl_whoami())
        finally:
            await queue.close()

    return asyncio.run(ask())


def test_redis_is_entered_over_tls_by_the_pod_s_identity(cache: Settings, agent: IdentityAgent) -> None:
    assert whoami(cache) == "runtime"
    assert agent.asked == 1


def test_redis_is_away_while_the_pod_s_identity_is(
    cache: Settings, agent: IdentityAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in agent.environment():
        monkeypatch.delenv(name)
    with pytest.raises(REDIS_AWAY, match="associate a role"):
        whoami(cache)


def test_a_redis_of_another_authority_is_refused_and_told(
    cache: Settings, stranger: Authority, agent: IdentityAgent
) -> None:
    with pytest.raises(REDIS_AWAY, match="certificate verify failed"):
        whoami(cache.model_copy(update={"redis_ca_file": stranger.ca_file}))
    assert agent.asked == 0


def test_without_a_file_the_public_authorities_are_trusted_and_no_other(cache: Settings, agent: IdentityAgent) -> None:
    with pytest.raises(REDIS_AWAY, match="certificate verify failed"):
        whoami(cache.model_copy(update={"redis_ca_file": None}))
    assert agent.asked == 0


def test_a_rotated_redis_password_is_taken_from_the_file_by_the_next_connection(
    cache: Settings, tmp_path: Path
) -> None:
    password_file = tmp_path / "password"
    password_file.write_text("an old one")
    settings = cache.model_copy(
        update={"redis_iam_cache": None, "redis_user": "reader", "redis_password_file": password_file}
    )

    async def rotate() -> str:
        queue = ProcessQueue.open(settings, ["map"])
        with pytest.raises(REDIS_AWAY, match="invalid username-password pair"):
            await queue.ping()
        password_file.write_text(PASSWORD)
        user = str(await queue.redis.acl_whoami())
        await queue.close()
        return user

    assert asyncio.run(rotate()) == "reader"
