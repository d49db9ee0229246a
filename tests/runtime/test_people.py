"""People come by invitations, do what their role may, and are gone at once; nobody gets more by it than before."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest
from patchbay_runtime.open_id.issuer import Issuer
from patchbay_runtime.rights.operations import Operation
from patchbay_runtime.rights.roles import OPERATIONS, PLATFORM_ROLES, TENANT_ROLES, Role
from patchbay_runtime.settings import Settings

from tests.runtime.audited import entries
from tests.runtime.conftest import Tenant
from tests.runtime.in_process import api
from tests.runtime.open_id_provider import AUDIENCE, Provider, ec_signer
from tests.runtime.servers import Mariadb
from tests.runtime.test_access import NO_KEY, NOT_THERE, OF_TENANTS, REASON, ROUTES

MEMBERSHIPS = "/api/memberships"
SIGNED_IN = 1_700_000_000


@pytest.fixture
async def client(settings: Settings, provider: Provider) -> AsyncIterator[httpx.AsyncClient]:
    """Of the administrator, at an API that believes the provider."""
    issuer = Issuer(issuer=provider.url, audience=AUDIENCE)
    async with api(settings.model_copy(update={"openid_issuers": (issuer,)})) as client:
        yield client


class People:
    """Those of the provider at the API."""

    def __init__(self, client: httpx.AsyncClient, provider: Provider) -> None:
        self.client, self.provider = client, provider

    def shows(self, who: str, **claims: Any) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.provider.token(who, **claims)}"}

    async def invited(self, path: str, role: str, by: Mapping[str, str] | None = None, **wish: Any) -> dict[str, Any]:
        answer = await self.client.post(f"{path}/invitations", json={"role": role, **wish}, headers=by)
        assert answer.status_code == 201, answer.text
        assert answer.headers["Cache-Control"] == "no-store"
        made: dict[str, Any] = answer.json()
        return made

    async def take(self, who: str, invitation: str) -> httpx.Response:
        return await self.client.post(MEMBERSHIPS, json={"invitation": invitation}, headers=self.shows(who))

    async def joined(self, who: str, path: str, role: str) -> str:
        """The member's id."""
        answer = await self.take(who, (await self.invited(path, role))["invitation"])
        assert answer.status_code == 201, answer.text
        member: str = answer.json()["member"]
        return member

    async def get(self, path: str, who: str, **headers: str) -> httpx.Response:
        return await self.client.get(path, headers={**self.shows(who), **headers})


@pytest.fixture
def people(client: httpx.AsyncClient, provider: Provider) -> People:
    return People(client, provider)


async def test_who_takes_an_invitation_is_a_member_and_nobody_takes_it_again(people: People, tenant: Tenant) -> None:
    runs = f"{tenant.path}/runs"
    assert (await people.get(runs, "alice")).json()["error"]["code"] == "unknown_tenant"
    assert (await people.get(MEMBERSHIPS, "alice")).json()["memberships"] == []
    made = await people.invited(tenant.path, "viewer")
    listed = (await people.client.get(f"{tenant.path}/members")).json()
    assert listed == {"members": [], "invitations": [{k: v for k, v in made.items() if k != "invitation"}]}
    taken = await people.take("alice", made["invitation"])
    assert (taken.status_code, taken.json()["tenant"], taken.json()["role"]) == (201, tenant.name, "viewer")
    for who in ("alice", "bob"):
        again = await people.take(who, made["invitation"])
        assert (again.status_code, again.json()["error"]["code"]) == (404, "unknown_invitation")
    assert (await people.get(runs, "alice")).status_code == 200
    assert (await people.get(runs, "bob")).status_code == 404
    own = (await people.get(MEMBERSHIPS, "alice")).json()
    assert own["memberships"] == [{"tenant": tenant.name, "member": taken.json()["member"], "role": "viewer"}]
    (member,) = (await people.client.get(f"{tenant.path}/members")).json()["members"]
    assert (member["id"], member["subject"], member["role"]) == (taken.json()["member"], "alice", "viewer")
    assert (member["issuer"], member["created_by"]) == (people.provider.url, "0" * 24)


async def test_an_invitation_that_is_none_is_refused_like_one_that_has_ended(
    people: People, tenant: Tenant, mariadb_server: Mariadb
) -> None:
    made, ended, back = [await people.invited(tenant.path, "owner", days=1) for _ in range(3)]
    mariadb_server.sql(
        f"UPDATE patchbay.invitations SET expires_at = NOW(6) - INTERVAL 1 SECOND WHERE id = '{ended['id']}'"  # noqa: S608
    )
    assert (await people.client.delete(f"{tenant.path}/invitations/{back['id']}")).status_code == 200
    code = made["invitation"]
    wrong = [
        ended["invitation"], back["invitation"], code[:-1], f"{code[:-43]}{ended['invitation'][-43:]}",
        code.replace("pbi_", "pbk_"), "", "ü", f"pbi_{'f' * 24}_{code[-43:]}",
    ]  # fmt: skip
    answers = [await people.take("alice", one) for one in wrong]
    assert {(answer.status_code, answer.text) for answer in answers} == {(404, answers[0].text)}
    assert (await people.take("alice", code)).status_code == 201


async def test_a_person_may_be_something_else_in_each_tenant_and_on_the_platform(
    people: People, new_tenant: Any
) -> None:
    one, two = new_tenant(), new_tenant()
    await people.joined("alice", one.path, "viewer")
    await people.joined("alice", two.path, "owner")
    assert (await people.get(f"{one.path}/keys", "alice")).status_code == 403
    assert (await people.get(f"{two.path}/keys", "alice")).status_code == 200
    await people.joined("alice", "/api/platform", "administrator")
    assert (await people.get("/api/platform/keys", "alice")).status_code == 200
    # What somebody is in a tenant comes before what he or she is on the platform.
    assert (await people.get(f"{one.path}/keys", "alice")).status_code == 403
    again = await people.take("alice", (await people.invited(one.path, "owner"))["invitation"])
    assert (again.status_code, again.json()["error"]["code"]) == (409, "already_member")


async def test_the_same_subject_of_another_provider_is_somebody_else(
    settings: Settings, provider: Provider, tenant: Tenant
) -> None:
    other = Provider()
    issuers = tuple(Issuer(issuer=one.url, audience=AUDIENCE) for one in (provider, other))
    async with api(settings.model_copy(update={"openid_issuers": issuers})) as client:
        await People(client, provider).joined("alice", tenant.path, "owner")
        assert (await People(client, provider).get(f"{tenant.path}/runs", "alice")).status_code == 200
        assert (await People(client, other).get(f"{tenant.path}/runs", "alice")).status_code == 404
    other.close()


async def test_another_role_and_none_hold_from_the_next_request_on(people: People, tenant: Tenant) -> None:
    member = await people.joined("alice", tenant.path, "owner")
    path = f"{tenant.path}/members/{member}"
    assert (await people.get(f"{tenant.path}/keys", "alice")).status_code == 200
    changed = await people.client.put(path, json={"role": "viewer"})
    assert (changed.status_code, changed.json()["role"]) == (200, "viewer")
    assert (await people.get(f"{tenant.path}/keys", "alice")).status_code == 403
    assert (await people.client.delete(path)).json()["subject"] == "alice"
    assert (await people.get(f"{tenant.path}/runs", "alice")).status_code == 404
    assert (await people.client.delete(path)).json()["error"]["code"] == "unknown_member"


async def test_nobody_gives_or_takes_more_than_he_or_she_has(people: People, tenant: Tenant) -> None:
    owner = await people.joined("alice", tenant.path, "owner")
    keys = f"{tenant.path}/keys"
    scopes = [Operation.MEMBER_MANAGE, Operation.RUN_LIST]
    key = (await people.client.post(keys, json={"name": "narrow", "role": "owner", "scopes": scopes})).json()["key"]
    narrow = {"Authorization": f"Bearer {key}"}
    client = people.client
    for role in TENANT_ROLES:
        asked = await client.post(f"{tenant.path}/invitations", json={"role": role}, headers=narrow)
        assert asked.status_code == 403, role
    assert (await client.delete(f"{tenant.path}/members/{owner}", headers=narrow)).status_code == 403
    made = await people.invited(tenant.path, "viewer")
    assert (await client.delete(f"{tenant.path}/invitations/{made['id']}", headers=narrow)).status_code == 403
    assert (
        await client.put(f"{tenant.path}/members/{owner}", json={"role": "viewer"}, headers=narrow)
    ).status_code == 403
    for role in PLATFORM_ROLES:
        asked = await client.post(f"{tenant.path}/invitations", json={"role": role}, headers=people.shows("alice"))
        assert (asked.status_code, asked.json()["error"]["details"][0]["path"]) == (422, "$.role")
    for role in TENANT_ROLES:
        await people.invited(tenant.path, role, by=people.shows("alice"))


async def test_an_invitation_is_good_while_its_maker_may_give_the_role(people: People, tenant: Tenant) -> None:
    """Or who is removed comes back by an invitation of his or her own."""
    member = await people.joined("alice", tenant.path, "owner")
    alice = people.shows("alice")
    for_later = [(await people.invited(tenant.path, role, by=alice))["invitation"] for role in ("owner", "viewer")] * 2
    path = f"{tenant.path}/members/{member}"
    await people.client.put(path, json={"role": "developer"})
    assert (await people.take("mallory", for_later[0])).json()["error"]["code"] == "unknown_invitation"
    await people.client.put(path, json={"role": "owner"})
    assert (await people.take("bob", for_later[1])).status_code == 201
    await people.client.delete(path)
    for who in ("alice", "mallory"):
        assert (await people.take(who, for_later[0])).json()["error"]["code"] == "unknown_invitation"
    key = (await people.client.post(f"{tenant.path}/keys", json={"name": "k", "role": "owner"})).json()
    by_key = await people.invited(tenant.path, "viewer", by={"Authorization": f"Bearer {key['key']}"})
    await people.client.delete(f"{tenant.path}/keys/{key['id']}")
    assert (await people.take("carol", by_key["invitation"])).json()["error"]["code"] == "unknown_invitation"


async def test_a_member_of_one_tenant_is_nobody_in_another(people: People, new_tenant: Any) -> None:
    one, two = new_tenant(), new_tenant()
    await people.joined("alice", one.path, "owner")
    bob = await people.joined("bob", two.path, "viewer")
    made = await people.invited(two.path, "viewer")
    alice = people.shows("alice")
    for method, path in (
        ("GET", f"{two.path}/members"),
        ("POST", f"{two.path}/invitations"),
        ("PUT", f"{two.path}/members/{bob}"),
        ("DELETE", f"{two.path}/members/{bob}"),
        ("DELETE", f"{two.path}/invitations/{made['id']}"),
    ):
        answer = await people.client.request(method, path, headers=alice)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "unknown_tenant")
    # Nor do ids of the one lead to what is the other's.
    for method, path in (
        ("DELETE", f"{one.path}/members/{bob}"),
        ("DELETE", f"{one.path}/invitations/{made['id']}"),
    ):
        answer = await people.client.request(method, path, headers=alice)
        assert answer.status_code == 404
    assert (await people.get(f"{two.path}/runs", "bob")).status_code == 200


async def test_each_role_of_people_may_do_what_the_table_says(people: People, tenant: Tenant) -> None:
    for role in TENANT_ROLES:
        await people.joined(role, tenant.path, role)
    for role in PLATFORM_ROLES:
        await people.joined(f"{role}-of-{tenant.name}", "/api/platform", role)
    named = {**NOT_THERE, "tenant": tenant.name}
    for route, operation in ROUTES.items():
        method, path = route.split()
        for role in Role:
            who = role if role in TENANT_ROLES else f"{role}-of-{tenant.name}"
            headers = {**people.shows(who), **REASON, "Patchbay-Via": "gateway"}
            answer = await people.client.request(method, path.format(**named), headers=headers)
            is_elsewhere = route not in OF_TENANTS and role in TENANT_ROLES
            if operation in OPERATIONS[role] and not is_elsewhere:
                assert answer.status_code in {200, 404, 422}, f"{role} {route}: {answer.text}"
                assert "unknown_tenant" not in answer.text
            else:
                assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden"), f"{role} {route}"


async def test_no_route_takes_a_token_that_is_forged_has_ended_or_is_for_something_else(
    people: People, tenant: Tenant
) -> None:
    await people.joined("alice", tenant.path, "owner")
    await people.joined(f"boss-of-{tenant.name}", "/api/platform", "administrator")
    provider = people.provider
    named = {**NOT_THERE, "tenant": tenant.name}
    for route in (*ROUTES, f"GET {MEMBERSHIPS}", f"POST {MEMBERSHIPS}"):
        method, path = route.split()
        who = "alice" if route in OF_TENANTS else f"boss-of-{tenant.name}"
        for token in (
            ec_signer("first").token(provider.claims(who)),
            provider.token(who, aud="account"),
            provider.token(who, iss="https://issuer.example.com"),
            provider.token(who, typ="ID"),
        ):
            headers = {"Authorization": f"Bearer {token}", "Patchbay-Via": "gateway"}
            answer = await people.client.request(method, path.format(**named), headers=headers)
            assert (answer.status_code, answer.json()) == (401, NO_KEY), route
            assert answer.headers["WWW-Authenticate"] == "Bearer"
        ended = {"Authorization": f"Bearer {provider.token(who, exp=SIGNED_IN)}", "Patchbay-Via": "gateway"}
        answer = await people.client.request(method, path.format(**named), headers=ended)
        assert (answer.status_code, "has ended" in answer.text) == (401, True)


async def test_a_key_cannot_join_and_nobody_knows_a_person_where_no_provider_is_believed(
    settings: Settings, people: People, tenant: Tenant
) -> None:
    for method in ("GET", "POST"):
        answer = await people.client.request(method, MEMBERSHIPS)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")
        unknown = {"Authorization": f"Bearer pbk_{'f' * 24}_{'A' * 43}"}
        assert (await people.client.request(method, MEMBERSHIPS, headers=unknown)).json() == NO_KEY
    async with api(settings) as client:
        answer = await People(client, people.provider).get(f"{tenant.path}/runs", "alice")
        assert (answer.status_code, answer.json()) == (401, NO_KEY)


async def test_while_the_providers_keys_cannot_be_had_people_are_told_to_try_again(
    people: People, tenant: Tenant
) -> None:
    people.provider.broken = lambda _: (503, b"")
    answer = await people.get(f"{tenant.path}/runs", "alice")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    # Keys of programs do not hang on it.
    assert (await people.client.get(f"{tenant.path}/runs")).status_code == 200


async def test_sign_ins_and_changes_are_in_the_audit_each_once_and_without_a_secret(
    people: People, tenant: Tenant
) -> None:
    made = await people.invited(tenant.path, "developer")
    member = (await people.take("alice", made["invitation"])).json()["member"]
    for moment in (SIGNED_IN, SIGNED_IN, SIGNED_IN + 60, SIGNED_IN):
        shown = people.shows("alice", auth_time=moment)
        assert (await people.client.get(f"{tenant.path}/runs", headers=shown)).status_code == 200
    await people.client.put(f"{tenant.path}/members/{member}", json={"role": "viewer"})
    back = await people.invited(tenant.path, "viewer")
    await people.client.delete(f"{tenant.path}/invitations/{back['id']}")
    await people.client.delete(f"{tenant.path}/members/{member}")
    found = await entries(people.client, tenant)
    told = [(entry["what"], entry["principal"]) for entry in reversed(found)]
    boss = "0" * 24
    assert told == [
        ("a tenant was created", boss),
        ("an invitation was made", boss),
        ("somebody joined", member),
        ("somebody signed in", member),
        ("somebody signed in", member),
        ("somebody was given another role", boss),
        ("an invitation was made", boss),
        ("an invitation was taken back", boss),
        ("somebody was removed", boss),
    ]
    assert made["invitation"][-43:] not in str(found)
    joined = next(entry for entry in found if entry["what"] == "somebody joined")
    assert joined["about"]["subject"] == "alice"
    assert joined["about"]["issuer"] == people.provider.url
    assert joined["about"]["invited_by"] == boss


async def test_a_sign_in_of_the_platforms_people_is_in_the_platforms_audit_alone(
    people: People, tenant: Tenant
) -> None:
    who = f"boss-of-{tenant.name}"
    member = await people.joined(who, "/api/platform", "administrator")
    shown = people.shows(who, auth_time=SIGNED_IN)
    assert (await people.client.get(f"{tenant.path}/runs", headers=shown)).status_code == 200
    assert "somebody signed in" not in [entry["what"] for entry in await entries(people.client, tenant)]
    (newest, *_) = (await people.client.get("/api/platform/audit")).json()["entries"]
    assert (newest["what"], newest["principal"], newest["tenant"]) == ("somebody signed in", member, None)


async def test_support_says_why_it_comes_also_where_it_is_a_person(people: People, tenant: Tenant) -> None:
    who = f"support-of-{tenant.name}"
    await people.joined(who, "/api/platform", "support")
    assert (await people.get(f"{tenant.path}/runs", who)).json()["error"]["code"] == "reason_required"
    assert (await people.get(f"{tenant.path}/runs", who, **REASON)).status_code == 200
