"""Making, showing, rotating and revoking keys; nobody gets more by it than before."""

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from patchbay_runtime.access.principal import granted
from patchbay_runtime.rights.operations import Operation
from patchbay_runtime.rights.roles import TENANT_ROLES, Role
from patchbay_runtime.settings import Settings
from patchbay_runtime.storage import api_key_repository
from patchbay_runtime.storage.database import Database
from patchbay_runtime.storage.engine import create_engine
from sqlalchemy import text as sql
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.http_requests import http
from tests.runtime.conftest import AUTHORIZED, Tenant, running_api, wait_until
from tests.runtime.keys import PLATFORM, bearer, expire, make
from tests.runtime.servers import Mariadb


def status(tenant: Tenant, made: dict[str, Any]) -> int:
    """Of a request with the key."""
    return tenant.client.get(f"{tenant.path}/runs", headers=bearer(made)).status_code


def lifetime(made: dict[str, Any]) -> timedelta:
    return datetime.fromisoformat(made["expires_at"]) - datetime.fromisoformat(made["created_at"])


def test_a_key_is_told_once_and_listed_without_it(tenant: Tenant) -> None:
    path = f"{tenant.path}/keys"
    answer = tenant.client.post(path, json={"name": "erp", "role": "operator"})
    made = answer.json()
    key = made.pop("key")
    assert answer.headers["Cache-Control"] == "no-store"
    assert key.startswith(f"pbk_{made['id']}_")
    assert (made["name"], made["role"], made["scopes"], made["state"]) == ("erp", "operator", None, "live")
    assert (made["revoked_at"], made["created_by"]) == (None, "0" * 24)
    assert lifetime(made) == timedelta(days=90)
    listed = tenant.client.get(path)
    assert listed.json() == {"keys": [made]}
    second = make(tenant.client, path, "viewer", days=365)
    assert lifetime(second) == timedelta(days=365)
    assert [one["id"] for one in tenant.client.get(path).json()["keys"]] == [second["id"], made["id"]]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"role": "viewer"}, "$.name"),
        ({"name": "Erp", "role": "viewer"}, "$.name"),
        ({"name": "erp", "role": "root"}, "$.role"),
        ({"name": "erp", "role": "administrator"}, "$.role"),
        ({"name": "erp", "role": "support"}, "$.role"),
        ({"name": "erp", "role": "viewer", "days": 0}, "$.days"),
        ({"name": "erp", "role": "viewer", "days": 366}, "$.days"),
        ({"name": "erp", "role": "viewer", "days": True}, "$.days"),
        ({"name": "erp", "role": "viewer", "days": "90"}, "$.days"),
        ({"name": "erp", "role": "viewer", "scopes": []}, "$.scopes"),
        ({"name": "erp", "role": "viewer", "scopes": ["run.start"]}, "$.scopes"),
        ({"name": "erp", "role": "viewer", "tenant": "other"}, "$.tenant"),
        ([], "$"),
    ],
)
def test_a_key_that_cannot_be_is_refused_with_the_place(tenant: Tenant, body: Any, place: str) -> None:
    answer = tenant.client.post(f"{tenant.path}/keys", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_request")
    assert answer.json()["error"]["details"][0]["path"] == place


def test_a_key_of_the_platform_has_a_role_of_the_platform(tenant: Tenant) -> None:
    for role in TENANT_ROLES:
        answer = tenant.client.post(PLATFORM, json={"name": "x", "role": role})
        assert answer.json()["error"]["details"][0]["path"] == "$.role"
    made = make(tenant.client, PLATFORM, "support", name="on-call", days=1)
    assert made["id"] in {one["id"] for one in tenant.client.get(PLATFORM).json()["keys"]}
    assert made["id"] not in {one["id"] for one in tenant.client.get(f"{tenant.path}/keys").json()["keys"]}
    assert tenant.client.delete(f"{PLATFORM}/{made['id']}").json()["state"] == "revoked"


MANAGE, READ = Operation.KEY_MANAGE, Operation.RUN_LIST
MAKERS: list[list[Operation] | None] = [
    None,
    [MANAGE],
    [MANAGE, READ],
    [MANAGE, READ, Operation.RUN_READ, Operation.FLOW_READ],
]


@pytest.mark.parametrize("scopes", MAKERS, ids=str)
def test_nobody_gains_by_making_a_key_nor_touches_one_that_can_do_more(
    tenant: Tenant, scopes: list[Operation] | None
) -> None:
    path = f"{tenant.path}/keys"
    maker = make(tenant.client, path, "owner", scopes=scopes)
    own = granted(Role.OWNER, None if scopes is None else frozenset(scopes))
    given = refused = 0
    for role, wanted in itertools.product(TENANT_ROLES, [*MAKERS, [READ], [Operation.RUN_START], list(Operation)]):
        asked = {"name": "x", "role": role, "scopes": wanted}
        answer = tenant.client.post(path, json=asked, headers=bearer(maker))
        if answer.status_code == 201:
            given += 1
            made = answer.json()
            assert granted(made["role"], None if made["scopes"] is None else frozenset(made["scopes"])) <= own
            assert scopes is None or made["scopes"] is not None
            assert made["created_by"] == maker["id"]
        else:
            refused += 1
            assert answer.status_code in {403, 422}, answer.text
            # By somebody who may give it, so that there is something to rotate and to revoke.
            other = tenant.client.post(path, json=asked)
            if other.status_code == 201:
                key = f"{path}/{other.json()['id']}"
                assert tenant.client.post(f"{key}/rotation", headers=bearer(maker)).status_code == 403
                assert tenant.client.delete(key, headers=bearer(maker)).status_code == 403
                assert status(tenant, other.json()) != 401
    assert given
    assert refused
    # The own one can always be ended.
    assert tenant.client.delete(f"{path}/{maker['id']}", headers=bearer(maker)).json()["state"] == "revoked"


def test_an_owner_makes_no_key_elsewhere(tenant: Tenant) -> None:
    owner = make(tenant.client, f"{tenant.path}/keys", "owner")
    for path, code in ((PLATFORM, "forbidden"), ("/api/tenants/another/keys", "unknown_tenant")):
        answer = tenant.client.post(path, json={"name": "x", "role": "viewer"}, headers=bearer(owner))
        assert answer.json()["error"]["code"] == code


def test_a_narrowed_administrator_makes_no_wider_one(tenant: Tenant) -> None:
    narrow = make(tenant.client, PLATFORM, "administrator", scopes=["key.manage", "horizon.read"])
    path = f"{tenant.path}/keys"
    for where, wanted in (
        (PLATFORM, {"role": "administrator"}),
        (PLATFORM, {"role": "support"}),
        (PLATFORM, {"role": "administrator", "scopes": ["key.manage", "key.read"]}),
        (path, {"role": "viewer"}),
    ):
        answer = tenant.client.post(where, json={"name": "x", **wanted}, headers=bearer(narrow))
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden"), wanted
    wanted = {"name": "x", "role": "support", "scopes": ["horizon.read"]}
    assert tenant.client.post(PLATFORM, json=wanted, headers=bearer(narrow)).status_code == 201


def test_a_rotated_key_and_its_successor_are_both_good_until_the_overlap_ends(
    tenant: Tenant, mariadb_server: Mariadb
) -> None:
    path = f"{tenant.path}/keys"
    old = make(tenant.client, path, "operator", name="erp", scopes=["run.start", "run.list"], days=7)
    answer = tenant.client.post(f"{path}/{old['id']}/rotation", json={"overlap_seconds": 3600})
    new = answer.json()
    assert (answer.status_code, answer.headers["Cache-Control"]) == (201, "no-store")
    assert [new[name] for name in ("name", "role", "scopes")] == [old[name] for name in ("name", "role", "scopes")]
    assert lifetime(new) == timedelta(days=7)
    assert (status(tenant, old), status(tenant, new)) == (200, 200)
    shown = {one["id"]: one for one in tenant.client.get(path).json()["keys"]}
    ends = datetime.fromisoformat(shown[old["id"]]["expires_at"]) - datetime.fromisoformat(new["created_at"])
    assert abs(ends - timedelta(hours=1)) < timedelta(minutes=1)
    # A second rotation asks for as many days as the first.
    again = tenant.client.post(f"{path}/{old['id']}/rotation").json()
    assert lifetime(again) == timedelta(days=7)
    expire(mariadb_server, old)
    assert (status(tenant, old), status(tenant, new)) == (401, 200)


def test_an_overlap_of_a_second_ends_by_itself_and_one_of_none_at_once(tenant: Tenant) -> None:
    path = f"{tenant.path}/keys"
    one, other = make(tenant.client, path, "viewer"), make(tenant.client, path, "viewer")
    tenant.client.post(f"{path}/{one['id']}/rotation", json={"overlap_seconds": 1}).raise_for_status()
    tenant.client.post(f"{path}/{other['id']}/rotation", json={"overlap_seconds": 0}).raise_for_status()
    assert status(tenant, other) == 401
    wait_until(lambda: status(tenant, one) == 401)


def test_a_rotation_does_not_let_a_key_live_longer(tenant: Tenant, mariadb_server: Mariadb) -> None:
    path = f"{tenant.path}/keys"
    old = make(tenant.client, path, "viewer")
    ends = f"SELECT expires_at FROM patchbay.api_keys WHERE id = '{old['id']}'"  # noqa: S608 - the test's own
    mariadb_server.sql(
        f"UPDATE patchbay.api_keys SET expires_at = NOW(6) + INTERVAL 1 MINUTE WHERE id = '{old['id']}'"  # noqa: S608
    )
    before = mariadb_server.sql(ends)
    tenant.client.post(f"{path}/{old['id']}/rotation", json={"overlap_seconds": 604_800}).raise_for_status()
    assert mariadb_server.sql(ends) == before


@pytest.mark.parametrize("seconds", [-1, 604_801, "long", "1", False])
def test_an_overlap_out_of_bounds_is_refused_and_ends_nothing(tenant: Tenant, seconds: object) -> None:
    path = f"{tenant.path}/keys"
    key = make(tenant.client, path, "viewer")
    answer = tenant.client.post(f"{path}/{key['id']}/rotation", json={"overlap_seconds": seconds})
    assert (answer.status_code, answer.json()["error"]["details"][0]["path"]) == (422, "$.overlap_seconds")
    assert len(tenant.client.get(path).json()["keys"]) == 1


def test_a_key_that_has_ended_is_not_brought_back_by_a_rotation(tenant: Tenant, mariadb_server: Mariadb) -> None:
    path = f"{tenant.path}/keys"
    expired, revoked = make(tenant.client, path, "viewer"), make(tenant.client, path, "viewer")
    expire(mariadb_server, expired)
    tenant.client.delete(f"{path}/{revoked['id']}").raise_for_status()
    for key in (expired, revoked):
        answer = tenant.client.post(f"{path}/{key['id']}/rotation")
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "key_ended")


def test_a_revoked_key_ends_at_once_and_stays_in_the_list_after_the_live_ones(tenant: Tenant) -> None:
    path = f"{tenant.path}/keys"
    kept, key = make(tenant.client, path, "viewer"), make(tenant.client, path, "viewer")
    assert status(tenant, key) == 200
    first = tenant.client.delete(f"{path}/{key['id']}").json()
    assert status(tenant, key) == 401
    assert tenant.client.delete(f"{path}/{key['id']}").json() == first
    assert [one["id"] for one in tenant.client.get(path).json()["keys"]] == [kept["id"], key["id"]]


def test_a_key_of_another_tenant_or_of_the_platform_is_not_found(tenant: Tenant) -> None:
    of_the_platform = make(tenant.client, PLATFORM, "support")
    own = make(tenant.client, f"{tenant.path}/keys", "viewer")
    for path, key in ((f"{tenant.path}/keys", of_the_platform), (PLATFORM, own)):
        for answer in (
            tenant.client.delete(f"{path}/{key['id']}"),
            tenant.client.post(f"{path}/{key['id']}/rotation"),
        ):
            assert (answer.status_code, answer.json()["error"]["code"]) == (404, "unknown_key")
    assert status(tenant, own) == 200


def test_a_tenant_has_a_hundred_live_keys_at_most_even_when_they_are_made_at_once(
    tenant: Tenant, mariadb_server: Mariadb
) -> None:
    path = f"{tenant.path}/keys"
    first = make(tenant.client, path, "viewer")
    mariadb_server.sql(
        "INSERT INTO patchbay.api_keys (id, tenant, name, role, digest, days, created_by, expires_at)"  # noqa: S608
        f" SELECT LEFT(MD5(CONCAT('{tenant.name}', seq)), 24), '{tenant.name}', 'x', 'viewer', 'no', 1,"
        " 'test', NOW(6) + INTERVAL 1 DAY FROM patchbay.seq_1_to_97"
    )

    def post(_: int) -> httpx.Response:
        return http.post(f"{tenant.client.base_url}{path}", json={"name": "x", "role": "viewer"}, headers=AUTHORIZED)

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(post, range(6)))
    assert sorted(answer.status_code for answer in answers) == [201, 201, 409, 409, 409, 409]
    assert {answer.json()["error"]["code"] for answer in answers if answer.is_error} == {"too_many_keys"}
    rotation = f"{path}/{first['id']}/rotation"
    assert tenant.client.post(rotation).status_code == 409
    # The old one ends with it.
    assert tenant.client.post(rotation, json={"overlap_seconds": 0}).status_code == 201


@pytest.fixture
def chatty(settings: Settings, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """An API that logs all it can, and its log."""
    log = tmp_path / "log"
    with running_api(settings.model_copy(update={"log_level": "DEBUG"}), log) as url:
        yield url, log


def test_no_key_and_no_digest_comes_into_an_answer_or_the_log_but_in_that_of_its_making(
    tenant: Tenant, chatty: tuple[str, Path], mariadb_server: Mariadb
) -> None:
    url, log = chatty
    path = f"{tenant.path}/keys"
    answers: list[httpx.Response] = []
    with httpx.Client(base_url=url, headers=AUTHORIZED, timeout=70) as client:
        one = make(client, path, "owner")
        support = make(client, PLATFORM, "support")
        two = client.post(f"{path}/{one['id']}/rotation").json()
        reason = {"Patchbay-Reason": "looks for secrets"}
        wrong = {"Authorization": f"Bearer {one['key'][:-1]}-"}
        answers += [
            client.get(path),
            client.get(PLATFORM),
            client.get(path, headers=bearer(two)),
            client.get(f"{tenant.path}/runs", headers={**bearer(support), **reason}),
            client.get(path, headers={**bearer(support), **reason}),
            client.get(path, headers=wrong),
            client.get("/api/tenants/another/keys", headers=bearer(one)),
            client.post(path, json={"name": one["key"], "role": one["key"]}),
            client.post(path, content=one["key"]),
            client.post(f"{path}/{one['id']}/rotation", json={"overlap_seconds": one["key"]}),
            client.delete(f"{path}/{one['id']}"),
            client.get(path, headers=bearer(one)),
            client.get(path),
        ]
    assert {answer.status_code for answer in answers} >= {200, 401, 403, 404, 422}
    written = log.read_text()
    assert "support comes in" in written
    assert "looks for secrets" in written
    kept = mariadb_server.sql("SELECT * FROM patchbay.api_keys")
    for made in (one, two, support):
        secret, digest = made["key"][-43:], sha256(made["key"].encode()).hexdigest()
        assert digest in kept
        assert secret not in kept
        for text in (written, *(answer.text + str(answer.headers) for answer in answers)):
            assert secret not in text
            assert digest not in text


def ended_before(server: Mariadb, tenant: Tenant, days: int, count: int) -> None:
    """Keys of the tenant that expired so many days ago."""
    name = tenant.name
    server.sql(
        "INSERT INTO patchbay.api_keys (id, tenant, name, role, digest, days, created_by, created_at, expires_at)"  # noqa: S608
        f" SELECT LEFT(MD5(CONCAT('{name}-{days}-', seq)), 24), '{name}', 'old', 'viewer', 'no', 1, 'test',"
        f" NOW(6) - INTERVAL {days + 1} DAY, NOW(6) - INTERVAL {days} DAY FROM patchbay.seq_1_to_{count}"
    )


def kept(server: Mariadb, tenant: Tenant) -> int:
    return int(server.sql(f"SELECT COUNT(*) FROM patchbay.api_keys WHERE tenant = '{tenant.name}'"))  # noqa: S608


def test_keys_that_ended_long_ago_are_deleted_when_one_is_made_a_hundred_at_a_time(
    new_tenant: Callable[[], Tenant], mariadb_server: Mariadb
) -> None:
    tenant, other = new_tenant(), new_tenant()
    path = f"{tenant.path}/keys"
    ended_before(mariadb_server, tenant, 91, 150)
    ended_before(mariadb_server, tenant, 89, 5)
    ended_before(mariadb_server, other, 91, 1)
    revoked = make(tenant.client, path, "viewer")
    assert kept(mariadb_server, tenant) == 56
    tenant.client.delete(f"{path}/{revoked['id']}").raise_for_status()
    mariadb_server.sql(
        f"UPDATE patchbay.api_keys SET revoked_at = NOW(6) - INTERVAL 91 DAY WHERE id = '{revoked['id']}'"  # noqa: S608
    )
    live = make(tenant.client, path, "viewer")
    assert kept(mariadb_server, tenant) == 6
    assert kept(mariadb_server, other) == 1
    listed = tenant.client.get(path).json()["keys"]
    assert [listed[0]["id"], *(one["state"] for one in listed[1:])] == [live["id"], *["expired"] * 5]


async def rows_read(connection: AsyncConnection) -> int:
    """By this session so far."""
    counts = await connection.execute(sql("SHOW SESSION STATUS LIKE 'Handler_read%'"))
    return sum(int(count) for _, count in counts)


async def test_the_list_reads_no_more_keys_than_it_shows(
    tenant: Tenant, settings: Settings, mariadb_server: Mariadb
) -> None:
    ended_before(mariadb_server, tenant, 5, 3000)
    ended_before(mariadb_server, tenant, 4, 1)
    first = make(tenant.client, f"{tenant.path}/keys", "viewer")
    second = make(tenant.client, f"{tenant.path}/keys", "viewer")
    database = Database(create_engine(settings, pool_size=1), 30)
    async with database.transaction() as connection:
        before = await rows_read(connection)
        found = await api_key_repository.latest(connection, tenant.name, 200)
        read = await rows_read(connection) - before
    await database.close()
    assert [key.id for key in found[:2]] == [second["id"], first["id"]]
    assert len(found) == 200
    ends = [key.expires_at for key in found[2:]]
    assert ends == sorted(ends, reverse=True)
    assert read < 300
