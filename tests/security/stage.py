"""A platform with a tenant who attacks and one who goes about his business."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from tests.runtime.conftest import AUTHORIZED, PUBLIC
from tests.runtime.keys import bearer, make
from tests.runtime.open_id_provider import Provider
from tests.runtime.sink import Sink

MARK: Final = secrets.token_hex(8)
"""In all that is the neighbour's. No answer to the attacker may have it."""
GATEWAY: Final = {"Patchbay-Via": "gateway"}
WAIT_SECONDS: Final = 60
DOMAIN: Final = "environment.example.com"


@dataclass(frozen=True)
class Party:
    """A tenant. `owner`: the header of a key that may do all in it. `secret`: of its webhook `orders`."""

    name: str
    owner: Mapping[str, str]
    secret: str
    key: str
    run: str
    member: str
    invitation: str

    @property
    def path(self) -> str:
        return f"/api/tenants/{self.name}"

    @property
    def hook(self) -> str:
        return f"/hooks/{self.name}/orders"


@dataclass
class Stage:
    """`heard`: all that the attacker was told. `strangers`: a provider of the attacker's own, whom nobody believes."""

    client: httpx.Client
    provider: Provider
    strangers: Provider
    partner: Sink
    heard: list[str] = field(default_factory=list)
    _number: int = 0

    def __post_init__(self) -> None:
        self.attacker = self._party("attacker", "of-the-attacker")
        self.neighbour = self._party("neighbour", MARK)

    def ask(self, method: str, path: str, headers: Mapping[str, str] | None = None, **request: Any) -> httpx.Response:
        """As the attacker's owner, or with other headers."""
        given = self.attacker.owner if headers is None else headers
        answer = self.client.request(method, path, headers={**GATEWAY, **given}, **request)
        self.heard.append(f"{answer.headers}{answer.text}")
        return answer

    def key(self, role: str, **wanted: Any) -> Mapping[str, str]:
        """Of the attacker's tenant."""
        answer = self.client.post(
            f"{self.attacker.path}/keys", json={"name": "x", "role": role, **wanted}, headers=self.attacker.owner
        )
        return bearer(answer.raise_for_status().json())

    def register(self, steps: Mapping[str, Any], config: Mapping[str, Any] = PUBLIC) -> tuple[str, httpx.Response]:
        """A flow of the attacker's, and the answer to its registration."""
        self._number += 1
        name = f"flow-{self._number}"
        start = {"shape": "http-trigger", "config": config, "next": next(iter(steps))}
        document = {"name": name, "start": "start", "steps": {"start": start, **steps}}
        return name, self.ask("POST", f"{self.attacker.path}/flows", json=document)

    def run(self, shape: str, config: Mapping[str, Any], payload: Any = None) -> httpx.Response:
        """The end of a run of one step, or the refusal of its flow."""
        name, registered = self.register({"step": {"shape": shape, "config": config}})
        if registered.status_code != 201:
            return registered
        path = f"{self.attacker.path}/flows/{name}/runs"
        return self.ask("POST", path, json=payload, params={"wait": WAIT_SECONDS})

    def call(self, url: str, **config: Any) -> httpx.Response:
        """A run that is one call, made once."""
        return self.run("http-connector", {"url": url, "retries": 0, **config})

    def does_business(self) -> None:
        """The neighbour's order is taken and done as ever."""
        order = {"mark": MARK, "lines": [1, 2, 3]}
        answer = self.client.post(
            self.neighbour.hook,
            json=order,
            params={"wait": WAIT_SECONDS},
            headers={"X-Webhook-Key": self.neighbour.secret},
        )
        assert (answer.status_code, answer.json()["status"]) == (200, "completed"), answer.text
        assert answer.json()["output"] == {"mark": MARK, "total": 6}

    def belongings(self) -> dict[str, Any]:
        """All that is the neighbour's but the runs that end, as the platform's administrator sees it."""
        found = {of: self._of_the_neighbour(of) for of in ("flows", "keys", "members")}
        runs = self._of_the_neighbour("runs")["runs"]
        return {**found, "runs": [run for run in runs if run["status"] != "completed"]}

    def _of_the_neighbour(self, of: str) -> dict[str, Any]:
        answer = self.client.get(f"{self.neighbour.path}/{of}", headers=AUTHORIZED, params={})
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    def _party(self, name: str, mark: str) -> Party:
        path = f"/api/tenants/{name}"
        administrator = httpx.Client(base_url=self.client.base_url, headers=AUTHORIZED, timeout=70)
        with administrator:
            administrator.put(path).raise_for_status()
            owner = make(administrator, f"{path}/keys", "owner", name=f"own-{mark}")
            other = make(administrator, f"{path}/keys", "viewer", name=f"other-{mark}")
            steps = {
                "start": {"shape": "http-trigger", "next": "total", "description": mark},
                "total": {"shape": "map", "config": {"expression": "{'mark': mark, 'total': $sum(lines)}"}},
            }
            flow = {"name": "orders", "start": "start", "steps": steps}
            registered = administrator.post(f"{path}/flows", json=flow).raise_for_status().json()
            started = administrator.post(
                f"{path}/flows/orders/runs", json={"mark": mark, "lines": [1]}, params={"wait": WAIT_SECONDS}
            )
            invite = {"role": "developer"}
            joining = administrator.post(f"{path}/invitations", json=invite).raise_for_status().json()
            shown = {"Authorization": f"Bearer {self.provider.token(f'person-{mark}')}"}
            joined = administrator.post(
                "/api/memberships", json={"invitation": joining["invitation"]}, headers=shown
            ).raise_for_status()
            waiting = administrator.post(f"{path}/invitations", json=invite).raise_for_status().json()
        return Party(
            name=name,
            owner=bearer(owner),
            secret=registered["webhook"]["secret"],
            key=other["id"],
            run=started.raise_for_status().json()["run"],
            member=joined.json()["member"],
            invitation=waiting["id"],
        )
