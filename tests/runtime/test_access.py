"""Every route is asked by every role, and by everyone who has no right to it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx
import pytest
from fastapi.routing import iter_route_contexts
from patchbay_runtime.api.app import create_app
from patchbay_runtime.api.guard import Identified, declared
from patchbay_runtime.rights.operations import Operation
from patchbay_runtime.rights.roles import OPERATIONS, PLATFORM_ROLES, TENANT_ROLES, Role
from patchbay_runtime.settings import Settings

from tests.ports import free_port
from tests.runtime.conftest import AUTHORIZED, Tenant
from tests.runtime.in_process import api
from tests.runtime.keys import PLATFORM, bearer, expire, make
from tests.runtime.servers import Mariadb

# For whoever shows an access token, whatever he or she is here.
OF_PEOPLE = {"GET /api/memberships", "POST /api/memberships"}
OPEN = {"GET /healthz", "GET /readyz", "GET /metrics", "POST /hooks/{tenant}/{flow}"}
ROUTES: Mapping[str, Operation] = {
    "PUT /api/tenants/{tenant}": Operation.TENANT_CREATE,
    "POST /api/tenants/{tenant}/flows": Operation.FLOW_REGISTER,
    "GET /api/tenants/{tenant}/flows": Operation.FLOW_READ,
    "GET /api/tenants/{tenant}/flows/{flow}": Operation.FLOW_READ,
    "GET /api/tenants/{tenant}/flows/{flow}/versions/{version}": Operation.FLOW_READ,
    "POST /api/tenants/{tenant}/flows/{flow}/webhook-secret": Operation.FLOW_REGISTER,
    "POST /api/tenants/{tenant}/flows/{flow}/runs": Operation.RUN_START,
    "GET /api/tenants/{tenant}/runs": Operation.RUN_LIST,
    "GET /api/tenants/{tenant}/runs/{run}": Operation.RUN_READ,
    "GET /api/tenants/{tenant}/runs/{run}/processes": Operation.RUN_READ,
    "POST /api/tenants/{tenant}/keys": Operation.KEY_MANAGE,
    "GET /api/tenants/{tenant}/keys": Operation.KEY_READ,
    "POST /api/tenants/{tenant}/keys/{key}/rotation": Operation.KEY_MANAGE,
    "DELETE /api/tenants/{tenant}/keys/{key}": Operation.KEY_MANAGE,
    "POST /api/platform/keys": Operation.KEY_MANAGE,
    "GET /api/platform/keys": Operation.KEY_READ,
    "POST /api/platform/keys/{key}/rotation": Operation.KEY_MANAGE,
    "DELETE /api/platform/keys/{key}": Operation.KEY_MANAGE,
    "GET /api/tenants/{tenant}/members": Operation.MEMBER_READ,
    "PUT /api/tenants/{tenant}/members/{member}": Operation.MEMBER_MANAGE,
    "DELETE /api/tenants/{tenant}/members/{member}": Operation.MEMBER_MANAGE,
    "POST /api/tenants/{tenant}/invitations": Operation.MEMBER_MANAGE,
    "DELETE /api/tenants/{tenant}/invitations/{invitation}": Operation.MEMBER_MANAGE,
    "GET /api/platform/members": Operation.MEMBER_READ,
    "PUT /api/platform/members/{member}": Operation.MEMBER_MANAGE,
    "DELETE /api/platform/members/{member}": Operation.MEMBER_MANAGE,
    "POST /api/platform/invitations": Operation.MEMBER_MANAGE,
    "DELETE /api/platform/invitations/{invitation}": Operation.MEMBER_MANAGE,
    "PUT /api/platform/openings/{address}/{port}": Operation.OPENING_MANAGE,
    "DELETE /api/platform/openings/{address}/{port}": Operation.OPENING_MANAGE,
    "GET /api/tenants/{tenant}/audit": Operation.AUDIT_READ,
    "GET /api/platform/audit": Operation.AUDIT_READ,
    "GET /horizon/api/workload": Operation.HORIZON_READ,
    "GET /horizon/api/stats": Operation.HORIZON_READ,
    "GET /horizon/api/masters": Operation.HORIZON_READ,
}
OF_TENANTS = [route for route in ROUTES if "{tenant}" in route]
# Of what paths name, but for the tenant.
NOT_THERE: Mapping[str, Any] = {
    "flow": "f", "version": 1, "run": "0" * 32, "key": "1" * 24, "member": "1" * 24, "invitation": "1" * 24,
    "address": "10.96.0.7", "port": 443,
}  # fmt: skip
NAMED: Mapping[str, Any] = {"name": "named", "start": "receive", "steps": {"receive": {"shape": "http-trigger"}}}
REASON = {"Patchbay-Reason": "ticket 4711: runs fail"}
GATEWAY = {"Patchbay-Via": "gateway"}
NO_KEY = {
    "error": {
        "code": "unauthenticated",
        "message": "send an API key or an access token that is known here, as `Authorization: Bearer ...`",
        "details": [],
    }
}


class Callers:
    """A key of each role, of one tenant or of the platform; they live for as long as the module's tests."""

    def __init__(self, client: httpx.Client, tenant: str, other: str) -> None:
        self.client, self.tenant, self.other = client, tenant, other
        keys = f"/api/tenants/{tenant}/keys"
        self.keys = {role: make(client, keys, role) for role in TENANT_ROLES}
        self.keys |= {role: make(client, PLATFORM, role) for role in PLATFORM_ROLES}
        self.stranger = make(client, f"/api/tenants/{other}/keys", "owner")

    def ask(self, route: str, headers: Mapping[str, str], **named: str) -> httpx.Response:
        """Ask for something that does no harm: but for the tenant, and what is `named`, nothing of it is there."""
        method, path = route.split()
        path = path.format(**{**NOT_THERE, "tenant": self.tenant, **named})
        return self.client.request(method, path, headers={**GATEWAY, **headers})


@pytest.fixture(scope="module")
def callers(api_url: str) -> Iterator[Callers]:
    with httpx.Client(base_url=api_url, headers=AUTHORIZED, timeout=70) as client:
        for tenant in ("access-one", "access-two"):
            client.put(f"/api/tenants/{tenant}").raise_for_status()
        # From here on each request brings its own key.
        callers = Callers(client, "access-one", "access-two")
        del client.headers["Authorization"]
        yield callers


def test_every_route_declares_one_operation_or_that_it_is_open(settings: Settings) -> None:
    app = create_app(settings)
    found: dict[str, Operation | None] = {}
    of_people = set()
    for route in iter_route_contexts(app.routes):
        (guard,) = declared(getattr(route, "dependencies", None) or [])
        for method in route.methods or ():
            if isinstance(guard, Identified):
                of_people.add(f"{method} {route.path}")
            else:
                found[f"{method} {route.path}"] = guard.operation if guard else None
    assert found == {**ROUTES, **dict.fromkeys(OPEN)}
    assert of_people == OF_PEOPLE
    described = {f"{method.upper()} {path}" for path, methods in app.openapi()["paths"].items() for method in methods}
    assert described == set(found) | of_people


@pytest.mark.parametrize("route", ROUTES)
def test_each_role_may_do_what_the_table_says_and_is_told_who_may_do_the_rest(callers: Callers, route: str) -> None:
    operation = ROUTES[route]
    for role, key in callers.keys.items():
        answer = callers.ask(route, {**bearer(key), **REASON})
        is_elsewhere = route not in OF_TENANTS and role in TENANT_ROLES
        if operation in OPERATIONS[role] and not is_elsewhere:
            assert answer.status_code in {200, 404, 422}, f"{role}: {answer.text}"
            assert "unknown_tenant" not in answer.text
        else:
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden"), f"{role}: {answer.text}"
            message = answer.json()["error"]["message"]
            assert f"`{operation}`" in message
            may = [one for one in OPERATIONS if operation in OPERATIONS[one]]
            assert all(one in message for one in may if route in OF_TENANTS or one in PLATFORM_ROLES)


@pytest.mark.parametrize("route", ROUTES)
def test_nobody_comes_in_without_a_key_that_is_known(callers: Callers, route: str) -> None:
    key = callers.keys[Role.ADMINISTRATOR]["key"]
    unknown = f"pbk_{'f' * 24}_{key[-43:]}"
    other_secret = key[:-43] + callers.keys[Role.OWNER]["key"][-43:]
    headers: list[dict[str, str]] = [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": key},
        {"Authorization": f"Basic {key}"},
        {"Authorization": f"Bearer {key[:-1]}"},
        {"Authorization": f"Bearer {key}A"},
        {"Authorization": f"Bearer {key.upper()}"},
        {"Authorization": f"Bearer {key}, {key}"},
        {"Authorization": f"Bearer {unknown}"},
        {"Authorization": f"Bearer {other_secret}"},
        {"X-Api-Key": key},
    ]
    for header in headers:
        answer = callers.ask(route, header)
        assert (answer.status_code, answer.json()) == (401, NO_KEY), header
        assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if {"{tenant}", "{flow}", "{run}"} & set(route.split("/"))]
)
def test_a_name_that_nothing_can_have_is_answered_as_what_is_not_there(callers: Callers, route: str) -> None:
    """MariaDB takes spaces at the end for nothing, and fails on letters that a column cannot have."""
    callers.client.post(
        f"/api/tenants/{callers.tenant}/flows", json=NAMED, headers=bearer(callers.keys[Role.OWNER])
    ).raise_for_status()
    usual = {"tenant": callers.tenant, "flow": NAMED["name"], "run": "0" * 32}
    for part, value in usual.items():
        if f"{{{part}}}" not in route or route == "PUT /api/tenants/{tenant}":
            continue
        for role in (Role.OWNER, Role.ADMINISTRATOR, Role.SUPPORT):
            if ROUTES[route] not in OPERATIONS[role]:
                continue
            for ending in ("%20", "%C3%BC", "%00", "%F0%9F%98%80"):
                named = {**usual, part: f"{value}{ending}"}
                answer = callers.ask(route, {**bearer(callers.keys[role]), **REASON}, **named)
                assert (answer.status_code, answer.json()["error"]["code"]) == (404, f"unknown_{part}"), answer.text


def test_a_key_with_any_one_character_changed_is_an_unknown_key(callers: Callers) -> None:
    key = callers.keys[Role.OWNER]["key"]
    for place, character in enumerate(key):
        changed = key[:place] + ("0" if character != "0" else "1") + key[place + 1 :]
        answer = callers.ask("GET /api/tenants/{tenant}/runs", {"Authorization": f"Bearer {changed}"})
        assert (answer.status_code, answer.json()) == (401, NO_KEY), place


def test_of_two_keys_none_is_looked_at(callers: Callers) -> None:
    """A proxy that looks at one of them and the API at the other would not mean the same caller."""
    good, other = (f"Bearer {key['key']}" for key in (callers.keys[Role.OWNER], callers.stranger))
    url = f"/api/tenants/{callers.tenant}/runs"
    assert callers.client.get(url, headers=[*GATEWAY.items(), ("Authorization", good)]).status_code == 200
    for first, second in ((good, other), (other, good), (good, good), ("", good)):
        headers = [*GATEWAY.items(), ("Authorization", first), ("Authorization", second)]
        answer = callers.client.get(url, headers=headers)
        assert (answer.status_code, answer.json()["error"]["message"]) == (401, "send one `Authorization` header")


@pytest.mark.parametrize("route", ROUTES)
def test_a_key_that_has_ended_says_so_to_whoever_has_all_of_it_and_to_nobody_else(
    callers: Callers, route: str, mariadb_server: Mariadb
) -> None:
    path = f"/api/tenants/{callers.tenant}/keys"
    administrator = bearer(callers.keys[Role.ADMINISTRATOR])
    for state in ("expired", "revoked"):
        made = callers.client.post(path, json={"name": "ends", "role": "owner"}, headers=administrator).json()
        if state == "expired":
            expire(mariadb_server, made)
        else:
            assert callers.client.delete(f"{path}/{made['id']}", headers=administrator).json()["state"] == "revoked"
        told = callers.ask(route, bearer(made))
        assert (told.status_code, told.json()["error"]["code"]) == (401, "unauthenticated")
        assert f"is {state}" in told.json()["error"]["message"]
        assert told.headers["WWW-Authenticate"] == "Bearer"
        guessed = callers.ask(route, {"Authorization": f"Bearer {made['key'][:-1]}-"})
        assert (guessed.status_code, guessed.json()) == (401, NO_KEY)


def told(answer: httpx.Response, tenant: str) -> tuple[int, str, dict[str, str]]:
    """All that an answer says, but for the time and the tenant's name."""
    headers = {name: value for name, value in answer.headers.items() if name not in {"date", "content-length"}}
    return answer.status_code, answer.text.replace(tenant, "TENANT"), headers


@pytest.mark.parametrize("route", OF_TENANTS)
def test_a_tenant_that_is_there_looks_to_others_like_one_that_is_not(callers: Callers, route: str) -> None:
    missing = "access-none"
    for role in TENANT_ROLES:
        there = callers.ask(route, bearer(callers.keys[role]), tenant=callers.other)
        not_there = callers.ask(route, bearer(callers.keys[role]), tenant=missing)
        assert there.json()["error"]["code"] == "unknown_tenant"
        assert told(there, callers.other) == told(not_there, missing)
        if route != "PUT /api/tenants/{tenant}":
            really = callers.ask(route, bearer(callers.keys[Role.ADMINISTRATOR]), tenant=missing)
            assert told(there, callers.other) == told(really, missing)


@pytest.mark.parametrize("route", [route for route in ROUTES if route not in OF_TENANTS])
def test_an_owner_of_a_tenant_is_nobody_outside_of_it(callers: Callers, route: str) -> None:
    answer = callers.ask(route, bearer(callers.stranger))
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")
    assert "owner" not in answer.json()["error"]["message"]


def test_scopes_narrow_a_key_and_the_refusal_says_so(callers: Callers) -> None:
    path, administrator = f"/api/tenants/{callers.tenant}/keys", bearer(callers.keys[Role.ADMINISTRATOR])
    wanted = {"name": "narrow", "role": "owner", "scopes": ["run.list", "run.start"]}
    key = callers.client.post(path, json=wanted, headers=administrator).json()
    for route in OF_TENANTS:
        answer = callers.ask(route, bearer(key))
        if ROUTES[route] in wanted["scopes"]:
            assert answer.status_code in {200, 404}, route
        else:
            assert answer.status_code == 403, route
            owners = ROUTES[route] in OPERATIONS[Role.OWNER]
            assert ("scopes" in answer.json()["error"]["message"]) is owners, route


@pytest.mark.parametrize("reason", [None, b"", b"too short", b"x" * 501, "grund: störung".encode("latin-1")])
def test_support_comes_in_only_with_a_reason(callers: Callers, reason: bytes | None) -> None:
    key = callers.keys[Role.SUPPORT]["key"]
    headers = {b"Authorization": f"Bearer {key}".encode()} | ({} if reason is None else {b"Patchbay-Reason": reason})
    answer = callers.client.get(f"/api/tenants/{callers.tenant}/runs", headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "reason_required")
    assert "Patchbay-Reason" in answer.json()["error"]["message"]


async def test_why_support_came_is_in_the_log(
    callers: Callers, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    key = callers.keys[Role.SUPPORT]
    async with api(settings) as client:
        answer = await client.get(f"/api/tenants/{callers.tenant}/runs", headers={**bearer(key), **REASON})
    assert answer.status_code == 200
    (record,) = [vars(record) for record in caplog.records if record.getMessage() == "support comes in"]
    assert [record[name] for name in ("principal", "tenant", "operation", "reason")] == [
        key["id"],
        callers.tenant,
        "run.list",
        REASON["Patchbay-Reason"],
    ]


async def test_while_mariadb_is_away_keys_are_answered_with_503_and_scaling_goes_on(settings: Settings) -> None:
    away = settings.model_copy(update={"database_port": free_port()})
    async with api(away) as client:
        for path, headers in (("/api/tenants/a/runs", {}), ("/horizon/api/workload", GATEWAY)):
            refused = await client.get(path, headers=headers)
            assert (refused.status_code, refused.json()["error"]["code"]) == (503, "unavailable")
            assert int(refused.headers["Retry-After"]) > 0
        del client.headers["Authorization"]
        assert (await client.get("/horizon/api/workload")).status_code == 200


def test_horizon_is_open_inside_and_a_claim_to_come_from_elsewhere_does_not_help(callers: Callers) -> None:
    path = "/horizon/api/workload"
    assert callers.client.get(path).status_code == 200
    for via in ("gateway", "", "inside"):
        assert callers.client.get(path, headers={"Patchbay-Via": via}).status_code == 401


def test_a_body_that_is_not_valid_is_not_looked_at_before_the_key(tenant: Tenant) -> None:
    ask: Callable[..., httpx.Response] = tenant.client.post
    answers = [
        ask(f"{tenant.path}/keys", content=b"{", headers={"Authorization": "Bearer no"}),
        ask(f"{tenant.path}/flows", content=b"x" * 300_000, headers={"Authorization": "Bearer no"}),
        tenant.client.get(f"{tenant.path}/runs?limit=0", headers={"Authorization": "Bearer no"}),
    ]
    assert [answer.status_code for answer in answers] == [401, 401, 401]


@pytest.mark.parametrize("path", ["/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json"])
def test_neither_documentation_nor_schema_of_the_api_is_open(callers: Callers, path: str) -> None:
    assert callers.client.get(path).status_code == 404
