"""What the command calls, held to the policy that docs/environments.md has for who runs it."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from patchbay_operations.permissions.evaluation import Document, Rights
from patchbay_operations.permissions.judgement import denied
from patchbay_operations.permissions.recorded import Recorded, read
from patchbay_operations.permissions.roles import Role

from tests.emulated.calls import unread
from tests.operations.bootstrap.prepared import BUCKET
from tests.standins.aws.account import REGION, Account
from tests.standins.aws.launched import ACCOUNT, launched

PAGE: Final = Path(__file__).resolve().parents[3] / "docs" / "environments.md"
_HEADING: Final = "### Who bootstraps"
_FILLED: Final = {"ACCOUNT": ACCOUNT, "REGION": REGION, "BUCKET": BUCKET}
# Of the tests' own clients; the command has keys of a role's session.
_OWN_KEY: Final = "emulated"


def policy() -> Document:
    """As the page has it, with the test's account, region and bucket."""
    section = PAGE.read_text().partition(f"\n{_HEADING}\n")[2]
    text = section.partition("```json\n")[2].partition("```")[0]
    for name, value in _FILLED.items():
        text = text.replace(name, value)
    document: Document = json.loads(text)
    return document


def holder(document: Document) -> Role:
    """Who has the policy, and nothing else."""
    return Role("who bootstraps", "", {}, Rights((document,)), ())


def commands_calls(record: Path) -> list[Recorded]:
    """Without those of the tests themselves."""
    return [call for call in read(record) if call.key != _OWN_KEY]


def faults(judge: Role, made: Sequence[Recorded]) -> list[str]:
    """What the policy does not allow of the calls, and which of them could not be read."""
    return [*unread(made), *map(str, denied(judge, made))]


@contextmanager
def held(directory: Path) -> Iterator[Account]:
    """An empty account. Fails at its end where the command called what the policy does not allow."""
    record = directory / "calls.jsonl"
    with launched(directory / "emulator", record=record) as account:
        yield account
        assert not (found := faults(holder(policy()), commands_calls(record))), "\n".join(found)
