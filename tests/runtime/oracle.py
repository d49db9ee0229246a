"""Has an oracle of others', schemathesis, ask an HTTP API for what its OpenAPI document allows and forbids."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypedDict

REPOSITORY: Final = Path(__file__).resolve().parents[2]
LONGEST_SECONDS: Final = 30.0
"""No answer of these requests takes a second; a machine that is busy with all other tests may make it several."""


class Questions(TypedDict):
    """What is asked; the arguments of `ask_everything`."""

    document: dict[str, Any]
    url: str
    headers: Mapping[str, str]
    names: Mapping[str, Sequence[str | float]]
    examples: int
    covering: bool
    pickier: Sequence[str]
    longest_seconds: float


class Answer(TypedDict):
    """`valid`: whether the request was as the document wants it. `status`: 0 where no answer came."""

    route: str
    valid: bool
    status: int


class Fault(TypedDict):
    """An answer that should not be; `text` tells how to ask again, without the key."""

    route: str
    check: str
    text: str


class Verdict(TypedDict):
    """All that was answered, and what is wrong with it."""

    answers: list[Answer]
    faults: list[Fault]


def ask_everything(
    document: dict[str, Any],
    url: str,
    headers: Mapping[str, str],
    *,
    examples: int,
    covering: bool = True,
    names: Mapping[str, Sequence[str | float]] | None = None,
    pickier: Sequence[str] = (),
    longest_seconds: float = LONGEST_SECONDS,
) -> Verdict:
    """Ask every route of the document, the same each time.

    `examples`: drawn for each route, at most. `covering`: before them all that follows from the document, such as each
    bound, each field left out, and methods that it does not have. `names`: by `path.NAME`, what
    parameters mostly are, so that requests come further than to what is not there. `pickier`: routes that refuse more
    than the document can tell.
    """
    questions = Questions(
        document=document,
        url=url,
        headers=headers,
        names=names or {},
        examples=examples,
        covering=covering,
        pickier=pickier,
        longest_seconds=longest_seconds,
    )
    asked = subprocess.run(
        [sys.executable, "-m", "tests.runtime.oracle_program"],
        input=json.dumps(questions),
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
        # Tables of Unicode, which take a second to make; no examples.
        env={**os.environ, "HYPOTHESIS_STORAGE_DIRECTORY": str(REPOSITORY / ".pytest_cache" / "hypothesis")},
    )
    assert asked.returncode == 0, asked.stderr[-3000:]
    verdict: Verdict = json.loads(asked.stdout)
    return verdict
