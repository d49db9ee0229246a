"""Whatever is asked of the API, it answers as its OpenAPI document says; schemathesis asks and judges."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx
import pytest
from patchbay_runtime.api.app import create_app
from patchbay_runtime.migrations import migrate
from patchbay_runtime.open_id.issuer import Issuer
from patchbay_runtime.settings import Settings

from tests.runtime.conftest import AUTHORIZED, PUBLIC, running_api, working
from tests.runtime.keys import PLATFORM, bearer, make
from tests.runtime.open_id_provider import AUDIENCE, Provider
from tests.runtime.oracle import Verdict, ask_everything
from tests.runtime.servers import Mariadb, own_redis

OPEN: Final = frozenset({"GET /healthz", "GET /readyz", "GET /metrics"})
HOOK: Final = "POST /hooks/{tenant}/{flow}"
OF_TENANTS: Final = " /api/tenants/{tenant}/"
OF_OWNERS: Final = tuple(f" /api/tenants/{{tenant}}/{of}" for of in ("keys", "members", "invitations", "audit"))
# With an access token alone.
OF_PEOPLE: Final = frozenset({"GET /api/memberships", "POST /api/memberships"})
# As all that comes from outside, of which the document tells.
GATEWAY: Final = {"Patchbay-Via": "gateway"}
PICKIER: Final = [
    # Which shapes there are, what each is told, and where steps lead.
    "POST /api/tenants/{tenant}/flows",
    # No other body than the one that a key came with before.
    "POST /api/tenants/{tenant}/flows/{flow}/runs",
    HOOK,
    # Scopes only within the role.
    "POST /api/tenants/{tenant}/keys",
    "POST /api/platform/keys",
    # Only an invitation that there is.
    "POST /api/memberships",
    # Not the machine's own addresses.
    "PUT /api/platform/openings/{address}/{port}",
]
# Examples, and whether all that follows from the document is asked before them.
FEW: Final = (5, False)
MANY: Final = pytest.param(150, True, marks=pytest.mark.long)


@dataclass(frozen=True)
class Caller:
    """Who asks, and what is there to ask for."""

    headers: Mapping[str, str]
    names: Mapping[str, list[str | float]]


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    provider = Provider()
    yield provider
    provider.close()


@pytest.fixture(scope="module")
def own(
    lone_mariadb: Mariadb,
    provider: Provider,
    unmigrated_settings: Settings,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Settings]:
    """Settings of servers of the module's own: its requests end keys, the first administrator's too."""
    redis = own_redis(tmp_path_factory.mktemp("redis-of-all-requests"))
    issuers = (Issuer(issuer=provider.url, audience=AUDIENCE),)
    ports = {"database_port": lone_mariadb.port, "redis_port": redis.port}
    settings = unmigrated_settings.model_copy(update={**ports, "openid_issuers": issuers})
    migrate(settings)
    yield settings
    redis.stop()


@pytest.fixture(scope="module")
def url(own: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An API whose runs end."""
    with running_api(own, tmp_path_factory.mktemp("api-for-all-requests") / "log") as url, working(own):
        yield url


@pytest.fixture
def administrator(url: str, lone_mariadb: Mariadb) -> Iterator[httpx.Client]:
    """Its key is the one that is known to all, which requests may have ended; each test begins without other ones."""
    lone_mariadb.sql("DELETE FROM patchbay.api_keys WHERE name <> 'first-administrator'")
    lone_mariadb.sql("UPDATE patchbay.api_keys SET revoked_at = NULL")
    lone_mariadb.sql("DELETE FROM patchbay.members")
    lone_mariadb.sql("DELETE FROM patchbay.invitations")
    with httpx.Client(base_url=url, headers=AUTHORIZED, timeout=70) as client:
        yield client


@pytest.fixture(scope="module")
def document(own: Settings) -> dict[str, Any]:
    return create_app(own).openapi()


def caller(client: httpx.Client, provider: Provider, tenant: str, role: str | None) -> Caller:
    """A key of the role, if any; and a tenant with flows, a run that ended well, one that failed.

    There are keys to end, people to send away, and invitations to take back.
    """
    path = f"/api/tenants/{tenant}"
    client.put(path).raise_for_status()
    for name, config, expression in (("public", PUBLIC, "$"), ("proven", {}, "$"), ("fails", PUBLIC, "$error()")):
        receive = {"shape": "http-trigger", "config": config, "next": "last"}
        steps = {"receive": receive, "last": {"shape": "map", "config": {"expression": expression}}}
        flow = {"name": name, "start": "receive", "steps": steps}
        client.post(f"{path}/flows", json=flow).raise_for_status()
    runs = [
        client.post(f"{path}/flows/{name}/runs", params={"wait": 60}, json=[1]).raise_for_status().json()["run"]
        for name in ("public", "fails")
    ]
    ending = [(PLATFORM, "support"), (f"{path}/keys", "viewer")] * 3
    keys = [make(client, at, of_role)["id"] for at, of_role in ending]
    key = make(client, PLATFORM if role == "administrator" else f"{path}/keys", role) if role else None
    invited = [(at, of_role) for at, of_role in ((path, "viewer"), ("/api/platform", "support")) for _ in range(3)]
    invitations = [invitation(client, at, of_role)["id"] for at, of_role in invited]
    members = [
        client.post(
            "/api/memberships",
            json={"invitation": invitation(client, at, of_role)["invitation"]},
            headers={"Authorization": f"Bearer {provider.token(f'{tenant}-{number}')}"},
        ).raise_for_status().json()["member"]
        for number, (at, of_role) in enumerate(invited)
    ]  # fmt: skip
    names = {"path.tenant": [tenant], "path.flow": ["public", "proven"], "path.run": runs, "path.version": [1]}
    there = {**names, "path.key": keys, "path.address": ["10.96.0.7"]}
    there |= {"path.member": members, "path.invitation": invitations}
    return Caller({**GATEWAY, **(bearer(key) if key else {})}, there)


def invitation(client: httpx.Client, path: str, role: str) -> dict[str, Any]:
    made: dict[str, Any] = client.post(f"{path}/invitations", json={"role": role}).raise_for_status().json()
    return made


def judged(document: dict[str, Any], caller: Caller, url: str, examples: int, covering: bool) -> dict[str, set[int]]:
    """The answers by route, none of which is wrong; each route was asked as it should be, and as it should not."""
    verdict = ask_everything(
        document, url, caller.headers, examples=examples, covering=covering, names=caller.names, pickier=PICKIER
    )
    assert not verdict["faults"], told(verdict)
    routes = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}
    assert {answer["route"] for answer in verdict["answers"] if answer["valid"]} >= routes
    answers: dict[str, set[int]] = defaultdict(set)
    for answer in verdict["answers"]:
        answers[answer["route"]].add(answer["status"])
    # Methods of which the document does not tell.
    others = [answers.pop(route) for route in set(answers) - routes]
    assert all(statuses == {405} for statuses in others)
    assert bool(others) is covering
    return answers


def told(verdict: Verdict) -> str:
    """What is wrong, each once."""
    once = {(fault["route"], fault["check"]): fault["text"] for fault in verdict["faults"]}
    return "\n\n".join(f"{route}: {check}: {text}" for (route, check), text in once.items())


def succeeded(statuses: set[int]) -> bool:
    return any(200 <= status < 300 for status in statuses)


@pytest.mark.parametrize(("examples", "covering"), [(3, True), MANY])
def test_an_administrator_is_answered_as_the_document_says(
    administrator: httpx.Client,
    provider: Provider,
    document: dict[str, Any],
    url: str,
    *,
    examples: int,
    covering: bool,
) -> None:
    asks = caller(administrator, provider, f"administered-{examples}", "administrator")
    answers = judged(document, asks, url, examples, covering)
    failed = [route for route, statuses in answers.items() if route not in OF_PEOPLE and not succeeded(statuses)]
    assert not failed
    assert set.union(*answers.values()) >= {200, 201, 202, 401, 404, 409, 422}
    assert all(401 in statuses for route, statuses in answers.items() if route not in OPEN)


@pytest.mark.parametrize(("examples", "covering"), [FEW, MANY])
def test_a_developer_of_a_tenant_is_answered_as_the_document_says(
    administrator: httpx.Client,
    provider: Provider,
    document: dict[str, Any],
    url: str,
    *,
    examples: int,
    covering: bool,
) -> None:
    asks = caller(administrator, provider, f"developed-{examples}", "developer")
    answers = judged(document, asks, url, examples, covering)
    for route, statuses in answers.items():
        may = route in OPEN or route == HOOK or (OF_TENANTS in route and not any(of in route for of in OF_OWNERS))
        assert succeeded(statuses) is may, route
        assert may or 403 in statuses, route


@pytest.mark.parametrize(("examples", "covering"), [FEW, MANY])
def test_who_has_no_key_is_told_nothing_but_what_is_open(
    administrator: httpx.Client,
    provider: Provider,
    document: dict[str, Any],
    url: str,
    *,
    examples: int,
    covering: bool,
) -> None:
    answers = judged(document, caller(administrator, provider, f"open-{examples}", None), url, examples, covering)
    for route, statuses in answers.items():
        if route in OPEN:
            assert statuses == {200}
        elif route == HOOK:
            assert statuses >= {202, 401, 422}
        else:
            assert statuses == {401}, route
