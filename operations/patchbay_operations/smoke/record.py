"""The record of a run that is under way, in the bucket of Pulumi's state: a runner's own disk is gone with it."""

import datetime
import json
import os
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import ClientError

from patchbay_operations.access import Access

_ABSENT: Final = frozenset({"404", "NoSuchKey", "NotFound"})
# S3's answers to a conditional write: there is one, and another one is being written.
_TAKEN: Final = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})


class TakenError(Exception):
    """Somebody else's run has begun in the same moment."""


@dataclass(frozen=True)
class Entry:
    """`began`, `until`: in UTC, as ISO 8601 has it. `owner`: a job, or a user of a machine, and its process there."""

    began: str
    until: str
    owner: str
    pid: int

    @classmethod
    def new(cls, seconds: float, environment: Mapping[str, str]) -> "Entry":
        now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
        until = now + datetime.timedelta(seconds=seconds)
        return cls(now.isoformat(), until.isoformat(), owner(environment), os.getpid())

    def is_over(self, environment: Mapping[str, str]) -> bool:
        """Whether its time is over, or its process is gone from where this one runs."""
        if datetime.datetime.fromisoformat(self.until) < datetime.datetime.now(datetime.UTC):
            return True
        return self.owner == owner(environment) and not Path(f"/proc/{self.pid}").exists()


@dataclass(frozen=True)
class Record:
    """One for each stack."""

    access: Access
    bucket: str
    stack: str

    @property
    def key(self) -> str:
        return f"smoke/{self.stack}.json"

    def read(self) -> Entry | None:
        """None where no run is under way, and none was left unfinished."""
        try:
            body = self._client.get_object(Bucket=self.bucket, Key=self.key)["Body"]
        except ClientError as error:
            if error.response["Error"]["Code"] in _ABSENT:
                return None
            raise
        return Entry(**json.loads(body.read()))

    def write(self, entry: Entry, *, over: bool) -> None:
        """TakenError where there is one already; `over`: it is replaced."""
        condition = {} if over else {"IfNoneMatch": "*"}
        content = json.dumps(asdict(entry)).encode()
        try:
            self._client.put_object(Bucket=self.bucket, Key=self.key, Body=content, **condition)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _TAKEN:
                raise
            raise TakenError(
                f"s3://{self.bucket}/{self.key}: another run has begun in this moment; wait for it"
            ) from None

    def remove(self) -> None:
        self._client.delete_object(Bucket=self.bucket, Key=self.key)

    @property
    def _client(self) -> Any:
        return self.access.client("s3")


def owner(environment: Mapping[str, str]) -> str:
    """The code host's job by its address, as GitHub's default variables tell it; else the user and the machine."""
    names = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    server, repository, run = (environment.get(name) for name in names)
    if server and repository and run:
        return f"{server}/{repository}/actions/runs/{run}"
    return f"{environment.get('USER', 'somebody')}@{socket.gethostname()}"
