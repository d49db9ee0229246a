"""What one row of the table of refusals is: a call that AWS refuses whatever its shape, and who saw AWS refuse it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.standins.aws.account import REGION, Account

Arguments = Mapping[str, Any]
Preparation = Callable[[Account], Arguments]


@dataclass(frozen=True)
class Refusal:
    """`prepare` makes in the account what the refusal needs, and gives the arguments of the refused call.

    `source` is where AWS' answer is written down: an issue or pull request as `owner/repository number`, or
    `API reference: Operation`; several stand with semicolons between them. `words` are from AWS' message, and empty
    where the source has the code alone.
    """

    service: str
    operation: str  # by boto3's name
    prepare: Preparation
    code: str
    words: str
    source: str
    status: int
    region: str

    @property
    def title(self) -> str:
        """The test's id."""
        return f"{self.service}.{self.operation}: {self.prepare.__name__.replace('_', ' ')}"


class Table:
    """The rows of one service."""

    def __init__(self, service: str, *, region: str = REGION) -> None:
        self._service = service
        self._region = region
        self.rows: list[Refusal] = []

    def refuses(
        self, operation: str, code: str, *, words: str = "", source: str, status: int = 400
    ) -> Callable[[Preparation], Preparation]:
        """Adds a row; the decorated function is named for the mistake, and prepares it."""

        def add(prepare: Preparation) -> Preparation:
            self.rows.append(Refusal(self._service, operation, prepare, code, words, source, status, self._region))
            return prepare

        return add
