"""Each change through the API is an entry of the audit and a line of the log: who did what to what, and no secret."""

import json
import logging
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from patchbay_runtime.logs import JsonFormatter
from patchbay_runtime.open_id.issuer import Issuer
from patchbay_runtime.queue.connection import connect
from patchbay_runtime.reach.destinations import Destinations
from patchbay_runtime.reach.look_ups import LookUps
from patchbay_runtime.reach.openings import Openings
from patchbay_runtime.reach.rule import Reach
from patchbay_runtime.settings import Settings
from patchbay_runtime.steps.fault import StepFault

from tests.runtime.audited import entries
from tests.runtime.conftest import Tenant
from tests.runtime.in_process import api
from tests.runtime.keys import PLATFORM
from tests.runtime.open_id_provider import AUDIENCE, Provider
from tests.runtime.test_access import ROUTES

GIVEN = "a-secret-of-the-sender"
DOCUMENT = {"name": "f", "start": "receive", "steps": {"receive": {"shape": "http-trigger"}}}
ADDRESS = "10.96.0.9"


class Changes:
    """Makes changes and reads their lines."""

    def __init__(self, client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
        self._client, self._caplog = client, caplog
        self.answers: list[httpx.Response] = []
        self.routes: set[str] = set()
        self.written = ""

    async def make(self, route: str, body: Any = None, **named: str | int) -> tuple[dict[str, Any], dict[str, Any]]:
        """The answer and what its one line says beyond time, level and logger."""
        self._caplog.clear()
        method, path = route.split()
        answer = await self._client.request(method, path.format(**named), json=body, params=self._parameters(route))
        assert answer.is_success, answer.text
        self.routes.add(route)
        text = [JsonFormatter().format(one) for one in self._caplog.records if one.name.startswith("patchbay_runtime")]
        self.written += "\n".join(text)
        (line,) = [one for one in map(json.loads, text) if one["logger"] == "patchbay_runtime.api.audit"]
        assert line.pop("level") == "info"
        assert (line.pop("principal"), bool(line.pop("time"))) == ("0" * 24, True)
        del line["logger"]
        await self._compare_with_entry(line)
        return answer.json(), line

    async def _compare_with_entry(self, line: Mapping[str, Any]) -> None:
        """The audit's newest entry says at least as much as the line."""
        answer = await self._client.get("/api/platform/audit", params={"limit": 1})
        self.written += answer.text
        (entry,) = answer.json()["entries"]
        assert (entry["principal"], entry["role"], entry["source"]) == ("0" * 24, "administrator", "127.0.0.1")
        assert (entry["what"], entry["operation"]) == (line["message"], line["operation"])
        assert entry["tenant"] == line.get("tenant")
        about = {name: value for name, value in line.items() if name not in {"message", "operation", "tenant"}}
        assert about.items() <= entry["about"].items()

    @staticmethod
    def _parameters(route: str) -> Mapping[str, int]:
        return {"seconds": 60} if route.startswith("PUT /api/platform/openings") else {}


async def test_every_change_is_one_entry_and_one_line_that_say_who_did_what_and_hold_no_secret(
    settings: Settings, provider: Provider, tenant: Tenant, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    settings = settings.model_copy(update={"openid_issuers": (Issuer(issuer=provider.url, audience=AUDIENCE),)})
    name = f"{tenant.name}-b"
    keys, flows = "/api/tenants/{tenant}/keys", "/api/tenants/{tenant}/flows"
    opening = "/api/platform/openings/{address}/{port}"
    secrets: list[str] = [GIVEN]
    async with api(settings) as client:
        changes = Changes(client, caplog)
        _, line = await changes.make("PUT /api/tenants/{tenant}", tenant=name)
        assert line == {"message": "a tenant was created", "operation": "tenant.create", "tenant": name}
        answer, line = await changes.make(f"POST {flows}", DOCUMENT, tenant=name)
        secrets.append(answer["webhook"]["secret"])
        message = "a flow version was registered, and its webhook's secret made"
        of_flow = {"operation": "flow.register", "tenant": name, "flow": "f"}
        assert line == {"message": message, **of_flow, "version": 1}
        _, line = await changes.make(f"POST {flows}/{{flow}}/webhook-secret", {"secret": GIVEN}, tenant=name, flow="f")
        assert line == {"message": "a webhook's secret was replaced", **of_flow, "overlap_seconds": 86_400}
        answer, line = await changes.make(f"POST {flows}/{{flow}}/runs", {}, tenant=name, flow="f")
        of_run = {"operation": "run.start", "tenant": name, "flow": "f", "run": answer["run"]}
        assert line == {"message": "a run was started", **of_run}
        for prefix, of in ((keys, {"tenant": name}), (PLATFORM, {})):
            role = "viewer" if of else "support"
            of_key = {"operation": "key.manage", **of}
            made, line = await changes.make(f"POST {prefix}", {"name": "erp", "role": role}, **of)
            about = {**of_key, "key": made["id"], "key_name": "erp", "role": role}
            assert line == {"message": "a key was made", **about}
            new, line = await changes.make(f"POST {prefix}/{{key}}/rotation", {}, **of, key=made["id"])
            about = {**of_key, "key": made["id"], "new_key": new["id"], "overlap_seconds": 86_400}
            assert line == {"message": "a key was rotated", **about}
            _, line = await changes.make(f"DELETE {prefix}/{{key}}", **of, key=new["id"])
            assert line == {"message": "a key was revoked", **of_key, "key": new["id"]}
            secrets += [made["key"], new["key"]]
        for prefix, of in (("/api/tenants/{tenant}", {"tenant": name}), ("/api/platform", {})):
            role, other = ("viewer", "operator") if of else ("support", "administrator")
            of_people = {"operation": "member.manage", **of}
            invited, line = await changes.make(f"POST {prefix}/invitations", {"role": role}, **of)
            about = {**of_people, "invitation": invited["id"], "role": role}
            assert line == {"message": "an invitation was made", **about}
            shown = {"Authorization": f"Bearer {provider.token(name)}"}
            joined = await client.post("/api/memberships", json={"invitation": invited["invitation"]}, headers=shown)
            member = joined.json()["member"]
            _, line = await changes.make(f"PUT {prefix}/members/{{member}}", {"role": other}, **of, member=member)
            about = {**of_people, "member": member, "role": other, "before": role}
            assert line == {"message": "somebody was given another role", **about}
            _, line = await changes.make(f"DELETE {prefix}/members/{{member}}", **of, member=member)
            assert line == {"message": "somebody was removed", **of_people, "member": member, "role": other}
            back, _ = await changes.make(f"POST {prefix}/invitations", {"role": role}, **of)
            path = f"DELETE {prefix}/invitations/{{invitation}}"
            _, line = await changes.make(path, **of, invitation=back["id"])
            about = {**of_people, "invitation": back["id"], "role": role}
            assert line == {"message": "an invitation was taken back", **about}
            secrets += [invited["invitation"], back["invitation"]]
        of_opening = {"operation": "opening.manage", "address": ADDRESS, "port": 443}
        _, line = await changes.make(f"PUT {opening}", address=ADDRESS, port=443)
        assert line == {"message": "an opening was made", **of_opening, "seconds": 60}
        _, line = await changes.make(f"DELETE {opening}", address=ADDRESS, port=443)
        assert line == {"message": "an opening was ended", **of_opening}
    assert not [secret for secret in secrets if secret in changes.written or secret[-43:] in changes.written]
    # That all routes are among ROUTES is tested with them.
    assert changes.routes == {route for route in ROUTES if not route.startswith("GET ")}


async def test_a_change_that_is_refused_has_neither(
    settings: Settings, tenant: Tenant, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with api(settings) as client:
        assert (await client.post(f"{tenant.path}/flows/none/runs", json={})).status_code == 404
        assert (await client.delete(f"{tenant.path}/keys/{'1' * 24}")).status_code == 404
        assert [entry["what"] for entry in await entries(client, tenant)] == ["a tenant was created"]
    assert not [one for one in caplog.records if one.name == "patchbay_runtime.api.audit"]


async def test_a_repeated_start_is_no_second_change(
    settings: Settings, tenant: Tenant, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    tenant.register(DOCUMENT)
    async with api(settings) as client:
        for _ in range(2):
            answer = await client.post(f"{tenant.path}/flows/f/runs", json={}, headers={"Idempotency-Key": "k"})
            assert answer.status_code == 202
        assert [entry["what"] for entry in await entries(client, tenant)].count("a run was started") == 1
    assert len([one for one in caplog.records if one.name == "patchbay_runtime.api.audit"]) == 1


@pytest.mark.usefixtures("workers")
async def test_whoever_repeats_a_start_and_is_shown_the_output_of_the_run_has_looked_at_it(
    settings: Settings, tenant: Tenant
) -> None:
    tenant.register(DOCUMENT)
    path, key = f"{tenant.path}/flows/f/runs", {"Idempotency-Key": "k"}
    async with api(settings) as client:
        shown = [await client.post(path, json={"n": 1}, headers=key, params={"wait": 60}) for _ in range(2)]
        assert [answer.json()["output"] for answer in shown] == [{"n": 1}] * 2
        newest, *before = await entries(client, tenant)
    assert (newest["what"], newest["about"]["run"]) == ("a run's payloads were looked at", shown[0].json()["run"])
    assert "a run's payloads were looked at" not in [entry["what"] for entry in before]


async def test_the_line_of_a_refused_destination_says_whose_call_was_to_go_where(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    redis = connect(settings.redis_host, settings.redis_port)
    destinations = Destinations(Reach([(443, 443)]), LookUps(), Openings(redis))
    with pytest.raises(StepFault):
        await destinations.addresses("one", "10.96.0.10", 443)
    await redis.aclose()
    (record,) = [one for one in caplog.records if one.name == "patchbay_runtime.reach.destinations"]
    line = json.loads(JsonFormatter().format(record))
    told = {"tenant": "one", "host": "10.96.0.10", "port": 443, "addresses": ["10.96.0.10"]}
    assert {name: line[name] for name in told} == told


def test_what_other_libraries_give_with_a_record_is_not_written() -> None:
    for name, expected in (("patchbay_runtime.x", "given"), ("patchbay_runtime_not", None), ("uvicorn.error", None)):
        record = logging.getLogger(name).makeRecord(name, 20, "f", 1, "m", (), None, extra={"field": "given"})
        line = json.loads(JsonFormatter().format(record))
        assert line.get("field") == expected
        assert set(line) - {"field"} == {"time", "level", "logger", "message"}
