"""One thing that is lacking."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from patchbay_operations.refusal import explained


@dataclass(frozen=True)
class Lack:
    """`where`: the option, the field of the stack file, or the call."""

    where: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.where}: {self.problem}; {self.remedy}"


@dataclass
class Lacks:
    """Gathered."""

    found: list[Lack] = field(default_factory=list)

    def add(self, where: str, problem: str, remedy: str) -> None:
        self.found.append(Lack(where, problem, remedy))

    def add_line(self, line: str, *, below: str = "") -> None:
        """What was refused in one line, `where: problem; remedy`. `below`: where its field stands."""
        told, _, remedy = line.partition("; ")
        where, _, problem = told.rpartition(": ")
        self.add(f"{below}{where}", problem, remedy or "correct it")

    @contextmanager
    def asking(self, call: str) -> Iterator[None]:
        """AWS' refusal of a call becomes what is lacking."""
        try:
            yield
        except (ClientError, BotoCoreError) as error:
            self.add(call, *explained(error))
