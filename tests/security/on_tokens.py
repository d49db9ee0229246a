"""Attempts to be taken for somebody of the neighbour's, or of the platform's."""

from collections.abc import Callable, Mapping
from typing import Final

import httpx

from tests.runtime.open_id_provider import ec_signer, part
from tests.security.attempts import Act, attempt, attempts
from tests.security.stage import MARK, Stage

AREA: Final = "tokens"
PERSON: Final = f"person-{MARK}"


def _with(token: Callable[[Stage], str]) -> Act:
    def act(stage: Stage) -> httpx.Response:
        return stage.ask("GET", f"{stage.neighbour.path}/runs", {"Authorization": f"Bearer {token(stage)}"})

    return act


def _claims(stage: Stage) -> Mapping[str, object]:
    return stage.provider.claims(PERSON)


UNKNOWN: Final[Mapping[str, Act]] = {
    "sign with a key of his own": _with(lambda stage: ec_signer("first").token(_claims(stage))),
    "bring the key along": _with(
        lambda stage: stage.strangers.signers[0].token(_claims(stage), jwk=stage.strangers.signers[0].public())
    ),
    "name an address of the key": _with(
        lambda stage: stage.strangers.signers[0].token(_claims(stage), jku=f"{stage.strangers.url}/certs")
    ),
    "sign with nothing": _with(
        lambda stage: f"{part({'alg': 'none', 'kid': 'first', 'typ': 'JWT'})}.{part(_claims(stage))}."
    ),
    "have a provider of his own": _with(lambda stage: stage.strangers.token(PERSON)),
    "have a provider of his own that takes the other's name": _with(
        lambda stage: stage.strangers.token(PERSON, iss=stage.provider.url)
    ),
    "show a token for another service": _with(lambda stage: stage.provider.token(PERSON, aud="account")),
    "show an ID token": _with(lambda stage: stage.provider.token(PERSON, typ="ID")),
    "show a token that has ended": _with(lambda stage: stage.provider.token(PERSON, exp=1_700_000_000)),
    "show a token of the time to come": _with(lambda stage: stage.provider.token(PERSON, nbf=4_000_000_000)),
    "show a key of the form of a token": _with(lambda _: "e30.e30.e30"),
}
attempts(AREA, "401 unauthenticated", UNKNOWN)


@attempt(AREA, "404 unknown_tenant")
def come_as_a_person_whom_nobody_has_invited(stage: Stage) -> httpx.Response:
    token = stage.provider.token("mallory", email="owner@neighbour.example.com", role="owner", tenant="neighbour")
    return stage.ask("GET", f"{stage.neighbour.path}/runs", {"Authorization": f"Bearer {token}"})


@attempt(AREA, "403 forbidden")
def come_as_an_administrator_by_a_claim(stage: Stage) -> httpx.Response:
    token = stage.provider.token("mallory", role="administrator", groups=["administrator"], scope="key.manage")
    return stage.ask("GET", "/api/platform/keys", {"Authorization": f"Bearer {token}"})


@attempt(AREA, "404 unknown_invitation")
def guess_an_invitation(stage: Stage) -> httpx.Response:
    shown = {"Authorization": f"Bearer {stage.provider.token('mallory')}"}
    guess = f"pbi_{stage.neighbour.invitation}_{'A' * 43}"
    return stage.ask("POST", "/api/memberships", shown, json={"invitation": guess})


@attempt(AREA, "404 unknown_invitation")
def take_an_invitation_twice(stage: Stage) -> httpx.Response:
    code = stage.ask("POST", f"{stage.attacker.path}/invitations", json={"role": "viewer"}).json()["invitation"]
    for who in ("trudy", "eve"):
        shown = {"Authorization": f"Bearer {stage.provider.token(who)}"}
        answer = stage.ask("POST", "/api/memberships", shown, json={"invitation": code})
    return answer


@attempt(AREA, "403 forbidden")
def join_with_a_key(stage: Stage) -> httpx.Response:
    return stage.ask("POST", "/api/memberships", json={"invitation": "x"})


@attempt(AREA, "404 unknown_tenant")
def come_back_after_being_removed(stage: Stage) -> httpx.Response:
    code = stage.ask("POST", f"{stage.attacker.path}/invitations", json={"role": "owner"}).json()["invitation"]
    shown = {"Authorization": f"Bearer {stage.provider.token('chuck')}"}
    member = stage.ask("POST", "/api/memberships", shown, json={"invitation": code}).json()["member"]
    stage.ask("DELETE", f"{stage.attacker.path}/members/{member}").raise_for_status()
    return stage.ask("GET", f"{stage.attacker.path}/runs", shown)
