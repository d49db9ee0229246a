"""Attempts: what the attacker does, and what he gets for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

from tests.security.stage import Stage

Act = Callable[[Stage], httpx.Response]


@dataclass(frozen=True)
class Attempt:
    """`gets`: a status and the error's code, or how the run ended and the code of its error."""

    area: str
    what: str
    act: Act
    gets: str

    def __str__(self) -> str:
        return f"{self.area}: {self.what}"


ATTEMPTS: Final[list[Attempt]] = []


def attempt(area: str, gets: str) -> Callable[[Act], Act]:
    """Adds the function under its own name."""

    def add(act: Act) -> Act:
        name = getattr(act, "__name__", "")
        ATTEMPTS.append(Attempt(area, name.replace("_", " "), act, gets))
        return act

    return add


def attempts(area: str, gets: str, acts: Mapping[str, Act]) -> None:
    """Adds several that get the same."""
    ATTEMPTS.extend(Attempt(area, what, act, gets) for what, act in acts.items())


def got(answer: httpx.Response) -> str:
    """What an answer comes to, in the words of `Attempt.gets`."""
    body: Any = answer.json() if "json" in answer.headers.get("Content-Type", "") else {}
    if answer.status_code == 200 and isinstance(body, dict) and "status" in body and "run" in body:
        error = body.get("error") or {}
        return f"{body['status']} {error.get('code', '')}".strip()
    error = body.get("error", {}) if isinstance(body, dict) else {}
    return f"{answer.status_code} {error.get('code', '')}".strip()
