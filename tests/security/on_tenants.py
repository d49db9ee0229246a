"""Attempts on what is another tenant's, and on what is the platform's."""

from collections.abc import Mapping
from typing import Final

import httpx

from tests.runtime.conftest import PUBLIC
from tests.security.attempts import Act, attempt, attempts
from tests.security.stage import DOMAIN, Stage

AREA: Final = "tenants"
FLOW: Final = {
    "name": "orders",
    "start": "start",
    "steps": {"start": {"shape": "http-trigger", "config": PUBLIC}},
}


def _ask(method: str, path: str, body: object = None) -> Act:
    def act(stage: Stage) -> httpx.Response:
        there, own = stage.neighbour, stage.attacker
        named = path.format(
            there=there.path, own=own.path, name=there.name, run=there.run, key=there.key, member=there.member,
            invitation=there.invitation,
        )  # fmt: skip
        return stage.ask(method, named, json=body)

    return act


WITH_HIS_OWN_KEY: Final[Mapping[str, Act]] = {
    "create a tenant over it": _ask("PUT", "{there}"),
    "list its flows": _ask("GET", "{there}/flows"),
    "read its flow": _ask("GET", "{there}/flows/orders"),
    "read a version of its flow": _ask("GET", "{there}/flows/orders/versions/1"),
    "list its runs": _ask("GET", "{there}/runs"),
    "read its run": _ask("GET", "{there}/runs/{run}"),
    "read its run's processes": _ask("GET", "{there}/runs/{run}/processes"),
    "start its flow": _ask("POST", "{there}/flows/orders/runs", {"lines": []}),
    "replace its flow": _ask("POST", "{there}/flows", FLOW),
    "replace its webhook's secret": _ask("POST", "{there}/flows/orders/webhook-secret", {}),
    "list its keys": _ask("GET", "{there}/keys"),
    "make a key of it": _ask("POST", "{there}/keys", {"name": "x", "role": "owner"}),
    "rotate its key": _ask("POST", "{there}/keys/{key}/rotation", {}),
    "revoke its key": _ask("DELETE", "{there}/keys/{key}"),
    "list its people": _ask("GET", "{there}/members"),
    "give its member another role": _ask("PUT", "{there}/members/{member}", {"role": "viewer"}),
    "remove its member": _ask("DELETE", "{there}/members/{member}"),
    "invite himself": _ask("POST", "{there}/invitations", {"role": "owner"}),
    "take back its invitation": _ask("DELETE", "{there}/invitations/{invitation}"),
    "read its audit": _ask("GET", "{there}/audit"),
    "list its runs by its name and a space": _ask("GET", "{there}%20/runs"),
    "list its runs by its name in capitals": _ask("GET", "/api/tenants/NEIGHBOUR/runs"),
    "list its runs by its schema's name": _ask("GET", "/api/tenants/tenant_neighbour/runs"),
}
attempts(AREA, "404 unknown_tenant", WITH_HIS_OWN_KEY)
attempts(
    AREA,
    "403 forbidden",
    {
        "list the platform's keys": _ask("GET", "/api/platform/keys"),
        "make himself an administrator": _ask("POST", "/api/platform/keys", {"name": "x", "role": "administrator"}),
        "invite himself to the platform": _ask("POST", "/api/platform/invitations", {"role": "administrator"}),
        "read everybody's audit": _ask("GET", "/api/platform/audit"),
        "open an address of the cluster": _ask("PUT", "/api/platform/openings/10.96.0.7/443?seconds=60"),
        "read what waits": _ask("GET", "/horizon/api/workload"),
    },
)
attempts(AREA, "404 unknown_run", {"read its run on his own path": _ask("GET", "{own}/runs/{run}")})
attempts(AREA, "404 unknown_run", {"read its processes on his own path": _ask("GET", "{own}/runs/{run}/processes")})
attempts(AREA, "404 unknown_key", {"revoke its key on his own path": _ask("DELETE", "{own}/keys/{key}")})
attempts(AREA, "404 unknown_key", {"rotate its key on his own path": _ask("POST", "{own}/keys/{key}/rotation", {})})
attempts(AREA, "404 unknown_member", {"remove its member on his own path": _ask("DELETE", "{own}/members/{member}")})
attempts(
    AREA,
    "404 unknown_invitation",
    {"take back its invitation on his own path": _ask("DELETE", "{own}/invitations/{invitation}")},
)


@attempt(AREA, "404 not_found")
def leave_his_own_path_by_dots(stage: Stage) -> httpx.Response:
    return stage.ask("GET", f"{stage.attacker.path}%2f..%2f{stage.neighbour.name}/runs")


@attempt(AREA, "200")
def name_the_neighbour_in_headers(stage: Stage) -> httpx.Response:
    """His own runs, whatever he claims."""
    claims = {"X-Tenant": stage.neighbour.name, "X-Forwarded-Host": f"{stage.neighbour.name}.example.com"}
    return stage.ask("GET", f"{stage.attacker.path}/runs", {**stage.attacker.owner, **claims})


@attempt(AREA, "421 misdirected_request")
def come_by_his_own_name_and_ask_for_the_neighbour(stage: Stage) -> httpx.Response:
    headers = {**stage.attacker.owner, "Host": f"{stage.attacker.name}.{DOMAIN}"}
    return stage.ask("GET", f"{stage.neighbour.path}/runs", headers)


@attempt(AREA, "421 misdirected_request")
def come_by_the_neighbour_s_name_to_what_is_his_own(stage: Stage) -> httpx.Response:
    """Whose cookies and origin a browser would take it for."""
    return stage.ask(
        "GET", f"{stage.attacker.path}/runs", {**stage.attacker.owner, "Host": f"{stage.neighbour.name}.{DOMAIN}"}
    )


@attempt(AREA, "404 unknown_tenant")
def come_by_the_neighbour_s_name_to_what_is_the_neighbour_s(stage: Stage) -> httpx.Response:
    headers = {**stage.attacker.owner, "Host": f"{stage.neighbour.name}.{DOMAIN}"}
    return stage.ask("GET", f"{stage.neighbour.path}/runs", headers)


@attempt(AREA, "404 unknown_tenant")
def have_another_method_meant(stage: Stage) -> httpx.Response:
    headers = {**stage.attacker.owner, "X-HTTP-Method-Override": "DELETE"}
    return stage.ask("GET", f"{stage.neighbour.path}/keys", headers)
