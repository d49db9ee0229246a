"""MariaDB as the cloud offers it: TLS only, rotated passwords, tokens of the pod's identity."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from patchbay_runtime.migrations import create_tenant_schema, migrate
from patchbay_runtime.settings import Settings, SettingsError
from patchbay_runtime.storage.account import make_account
from patchbay_runtime.storage.database import is_unavailable, outage
from patchbay_runtime.storage.engine import admin_url, connect_arguments, create_engine
from sqlalchemy import NullPool, text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.called import DATABASE_ACCESS, INSTANCE, hold
from tests.pinned_tools import program
from tests.ports import free_port
from tests.runtime.authority import Authority
from tests.runtime.clear_password_server import ClearPasswordServer
from tests.runtime.identity_agent import ACCESS_KEY, IdentityAgent
from tests.runtime.rds_api import RdsApi
from tests.runtime.servers import HOST, Server
from tests.standins.aws.launched import ACCOUNT

ADMINISTRATOR, PASSWORD = "admin", "only-for-tests"

pytestmark = pytest.mark.usefixtures("agent")


class ManagedMariadb:
    """A MariaDB that refuses connections without TLS, with an administrator like RDS'."""

    def __init__(self, directory: Path, authority: Authority) -> None:
        self.port = free_port()
        self._socket = directory / "socket"
        temporary = directory / "tmp"
        temporary.mkdir()
        common = ["--no-defaults", "--user=root", f"--datadir={directory / 'data'}", f"--tmpdir={temporary}"]
        install = [program("mariadb-install-db"), *common]
        install += ["--skip-test-db", "--auth-root-authentication-method=normal", "--innodb-log-file-size=16M"]
        subprocess.run(install, check=True, capture_output=True)
        certificate, key = authority.server(HOST)
        command = [program("mariadbd"), *common]
        command += [f"--socket={self._socket}", f"--bind-address={HOST}", f"--port={self.port}", "--skip-name-resolve"]
        command += ["--innodb-log-file-size=16M", "--innodb-buffer-pool-size=64M", "--require-secure-transport=ON"]
        command += [f"--ssl-cert={certificate}", f"--ssl-key={key}", f"--ssl-ca={authority.ca_file}"]
        self.server = Server(command, self.port, lambda: self._runs("SELECT 1"), directory / "log")
        self.server.start()
        self.sql(
            f"CREATE USER {ADMINISTRATOR}@'%' IDENTIFIED BY '{PASSWORD}';"
            "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER,"
            " SHOW DATABASES, CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, CREATE VIEW, SHOW VIEW, CREATE ROUTINE,"
            f" ALTER ROUTINE, CREATE USER, EVENT, TRIGGER ON *.* TO {ADMINISTRATOR}@'%' WITH GRANT OPTION;"
        )

    def sql(self, statements: str) -> str:
        """Run as root, over the socket."""
        client = [
            program("mariadb"),
            "--no-defaults",
            "-uroot",
            f"--socket={self._socket}",
            "-N",
            "-r",
            "-e",
            statements,
        ]
        return subprocess.run(client, check=True, capture_output=True, text=True).stdout

    def _runs(self, statement: str) -> bool:
        try:
            self.sql(statement)
        except subprocess.CalledProcessError:
            return False
        return True


@pytest.fixture(scope="module")
def managed_mariadb(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ManagedMariadb]:
    managed = ManagedMariadb(tmp_path_factory.mktemp("managed-mariadb"), authority)
    yield managed
    managed.server.stop()


@pytest.fixture
def database(managed_mariadb: ManagedMariadb, authority: Authority, tmp_path: Path) -> Settings:
    """The runtime's own account, with a password in a file."""
    managed_mariadb.sql(
        "CREATE DATABASE IF NOT EXISTS patchbay CHARACTER SET utf8mb4;"
        f"CREATE OR REPLACE USER patchbay@'%' IDENTIFIED BY '{PASSWORD}';"
        "GRANT ALL ON patchbay.* TO patchbay@'%'; GRANT ALL ON `tenant\\_%`.* TO patchbay@'%';"
    )
    password_file = tmp_path / "password"
    password_file.write_text(PASSWORD)
    return Settings(
        database_host=HOST,
        database_port=managed_mariadb.port,
        database_password_file=password_file,
        database_ca_file=authority.ca_file,
    )


def connects(settings: Settings) -> None:
    """Make one connection. Raises what it raises."""

    async def connect() -> None:
        engine = create_engine(settings, pool_size=1, poolclass=NullPool)
        try:
            async with engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
        finally:
            await engine.dispose()

    asyncio.run(connect())


def test_the_runtime_works_over_tls(database: Settings) -> None:
    migrate(database)
    asyncio.run(create_tenant_schema(database, "example"))


def test_a_certificate_of_another_authority_is_refused_and_told(database: Settings, stranger: Authority) -> None:
    settings = database.model_copy(update={"database_ca_file": stranger.ca_file})
    with pytest.raises(Exception, match="certificate verify failed") as refused:
        connects(settings)
    assert is_unavailable(refused.value)
    assert "certificate verify failed" in outage(refused.value)


def test_the_migration_ends_with_the_reason_in_place_of_a_traceback(database: Settings, stranger: Authority) -> None:
    environment = {
        "PATCHBAY_DATABASE_HOST": HOST,
        "PATCHBAY_DATABASE_PORT": str(database.database_port),
        "PATCHBAY_DATABASE_CA_FILE": str(stranger.ca_file),
    }
    command = [sys.executable, "-m", "patchbay_runtime", "migrate", "--wait", "0"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "MariaDB is away: (2003" in ended.stderr
    assert "certificate verify failed" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_certificates_that_cannot_be_read_are_told_before_anything_is_tried(database: Settings) -> None:
    settings = database.model_copy(update={"database_ca_file": Path("/nowhere/ca.pem")})
    with pytest.raises(SettingsError, match=r"PATCHBAY_DATABASE_CA_FILE: /nowhere/ca\.pem"):
        create_engine(settings, pool_size=1)


def test_a_rotated_password_is_taken_from_the_file_by_the_next_connection(
    database: Settings, managed_mariadb: ManagedMariadb
) -> None:
    password_file = database.database_password_file
    assert password_file is not None

    async def rotate() -> None:
        engine = create_engine(database, pool_size=1, pre_ping=True)
        async with engine.connect() as connection:
            before = await connection.scalar(text("SELECT CONNECTION_ID()"))
        managed_mariadb.sql(f"ALTER USER patchbay@'%' IDENTIFIED BY 'rotated'; KILL {before};")
        password_file.write_text("rotated")
        async with engine.connect() as connection:
            assert await connection.scalar(text("SELECT CONNECTION_ID()")) != before
        await engine.dispose()

    asyncio.run(rotate())


def test_a_password_that_is_being_rotated_is_waited_for(database: Settings) -> None:
    assert database.database_password_file is not None
    database.database_password_file.write_text("not yet the right one")
    with pytest.raises(Exception, match="Access denied") as refused:
        connects(database)
    assert is_unavailable(refused.value)
    assert "not yet" not in outage(refused.value)


@pytest.fixture
def account(managed_mariadb: ManagedMariadb, authority: Authority) -> Settings:
    """An account that is to be made by the administrator, by a pod with an AWS identity."""
    return Settings(
        aws_region="eu-central-1",
        database_host=HOST,
        database_port=managed_mariadb.port,
        database_name="patchbay_main",
        database_user="patchbay_main",
        database_iam=True,
        database_ca_file=authority.ca_file,
        database_instance=INSTANCE,
        database_administrator=ADMINISTRATOR,
    )


@pytest.fixture
def rds(managed_mariadb: ManagedMariadb) -> Iterator[RdsApi]:
    """Gives the administrator the new password a while after the call. Fails where the Job's role may not call so."""
    threads: list[threading.Thread] = []

    def take_over(password: str) -> None:
        statement = f"DO SLEEP(0.5); ALTER USER {ADMINISTRATOR}@'%' IDENTIFIED BY '{password}';"
        threads.append(threading.Thread(target=managed_mariadb.sql, args=(statement,)))
        threads[-1].start()

    api = RdsApi(INSTANCE, take_over)
    yield api
    api.close()
    for thread in threads:
        thread.join()
    if api.calls:
        hold(DATABASE_ACCESS, ACCOUNT, api.calls)


def test_the_account_is_one_of_rds_own_plugin(account: Settings, rds: RdsApi) -> None:
    # MariaDB itself has no such plugin, and says so once everything before it was right.
    with pytest.raises(Exception, match="Plugin 'AWSAuthenticationPlugin' is not loaded"):
        make_account(account, endpoint=rds.url)


def test_the_administrator_gets_another_password_each_time_and_the_last_one_opens_nothing_after_it(
    account: Settings, rds: RdsApi, managed_mariadb: ManagedMariadb
) -> None:
    managed_mariadb.sql(f"CREATE USER IF NOT EXISTS patchbay_main@'%' IDENTIFIED BY '{PASSWORD}';")
    make_account(account, endpoint=rds.url)
    make_account(account, endpoint=rds.url)
    first, second = rds.passwords
    assert first != second
    entered = account.model_copy(update={"database_user": ADMINISTRATOR, "database_iam": False})
    with pytest.raises(Exception, match="Access denied"):
        asyncio.run(_enter(entered, first))
    asyncio.run(_enter(entered, second))


async def _enter(settings: Settings, password: str) -> None:
    engine = create_async_engine(
        admin_url(settings, ADMINISTRATOR, password), poolclass=NullPool, connect_args=connect_arguments(settings)
    )
    try:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
    finally:
        await engine.dispose()


def test_a_busy_instance_is_waited_for_and_the_password_is_in_no_output(
    account: Settings, rds: RdsApi, managed_mariadb: ManagedMariadb, agent: IdentityAgent
) -> None:
    managed_mariadb.sql(f"CREATE USER IF NOT EXISTS patchbay_main@'%' IDENTIFIED BY '{PASSWORD}';")
    rds.refusals += ["InvalidDBInstanceState", "AccessDenied"]
    ended = _command(account, rds, agent, "30")
    assert ended.returncode == 0, ended.stderr
    told = ended.stderr + ended.stdout
    assert f"RDS sets no new password of {INSTANCE}'s administrator (InvalidDBInstanceState)" in told
    assert rds.passwords
    assert not [password for password in rds.passwords if password in told]


def test_a_call_that_rds_refuses_ends_with_rds_own_code(account: Settings, rds: RdsApi, agent: IdentityAgent) -> None:
    rds.refusals += ["AccessDenied"] * 9
    ended = _command(account, rds, agent, "0")
    assert ended.returncode == 1
    assert f"{INSTANCE}'s administrator (AccessDenied)" in ended.stderr
    assert "Traceback" not in ended.stderr


def _command(settings: Settings, rds: RdsApi, agent: IdentityAgent, wait: str) -> subprocess.CompletedProcess[str]:
    given = settings.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    environment = {f"PATCHBAY_{name.upper()}": str(value) for name, value in given.items()} | agent.environment()
    command = [sys.executable, "-m", "patchbay_runtime", "make-account", "--wait", wait, "--endpoint", rds.url]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_the_account_needs_to_know_whose_administrator_it_is_made_by(account: Settings) -> None:
    with pytest.raises(SettingsError, match="PATCHBAY_DATABASE_INSTANCE, PATCHBAY_DATABASE_ADMINISTRATOR: not set"):
        make_account(account.model_copy(update={"database_instance": None}))


def test_the_account_has_rights_on_its_own_schemas_only_however_often_it_is_made(
    account: Settings, rds: RdsApi, managed_mariadb: ManagedMariadb, tmp_path: Path
) -> None:
    managed_mariadb.sql(
        f"CREATE USER IF NOT EXISTS patchbay_main@'%' IDENTIFIED BY '{PASSWORD}';"
        "CREATE DATABASE IF NOT EXISTS patchbaySmain;"
    )
    make_account(account, endpoint=rds.url)
    make_account(account, endpoint=rds.url)
    grants = managed_mariadb.sql("SHOW GRANTS FOR patchbay_main@'%'")
    assert "GRANT OPTION" not in grants
    assert [line.split(" ON ")[1].split(" TO ")[0] for line in grants.splitlines()[1:]] == [
        r"`patchbay\_main`.*",
        r"`tenant\_%`.*",
        "`audit_patchbay_main`.`entries`",
    ]
    (tmp_path / "password").write_text(PASSWORD)
    entered = account.model_copy(update={"database_iam": False, "database_password_file": tmp_path / "password"})
    migrate(entered)
    asyncio.run(create_tenant_schema(entered, "another"))
    with pytest.raises(Exception, match="Access denied"):
        connects(entered.model_copy(update={"database_name": "patchbaySmain"}))


def test_the_database_is_shown_a_token_of_the_pod_s_identity(
    account: Settings, authority: Authority, agent: IdentityAgent
) -> None:
    server = ClearPasswordServer(authority)
    with pytest.raises(Exception, match="Access denied"):
        connects(account.model_copy(update={"database_port": server.port}))
    token = server.password()
    assert token.startswith(f"{HOST}:{server.port}/?Action=connect&DBUser=patchbay_main&")
    assert f"{ACCESS_KEY}{agent.asked}" in token
