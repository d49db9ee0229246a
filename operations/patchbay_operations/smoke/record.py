"""The record of a run that is under way, in the bucket of Pulumi's state: a runner's own disk is gone with it."""

import datetime
import json
import os
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import ClientError

from patchbay_operations.access import Access

_ABSENT: Final = frozenset({"404", "NoSuchKey", "NotFound"})
# S3's answers to a conditional write: there is one, another one is being written, that one is gone.
_TAKEN: Final = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"})


class TakenError(Exception):
    """Somebody else's run has begun in the same moment."""


class RecordError(Exception):
    """What is there is no record."""


@dataclass(frozen=True)
class Entry:
    """`began`, `until`: in UTC, as ISO 8601 has it. `owner`: a job, or a user of a machine, and its process there.

    `etag`: S3's name of what was read.
    """

    began: str
    until: str
    owner: str
    pid: int
    etag: str = field(default="", compare=False)

    @property
    def since(self) -> datetime.datetime:
        """When it began."""
        return datetime.datetime.fromisoformat(self.began).astimezone(datetime.UTC)

    @property
    def ends(self) -> datetime.datetime:
        """When its time is over."""
        return datetime.datetime.fromisoformat(self.until).astimezone(datetime.UTC)

    @classmethod
    def new(cls, seconds: float, environment: Mapping[str, str]) -> "Entry":
        now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
        until = now + datetime.timedelta(seconds=seconds)
        return cls(now.isoformat(), until.isoformat(), owner(environment), os.getpid())

    def is_over(self, environment: Mapping[str, str]) -> bool:
        """Whether its time is over, or its process is gone from where this one runs."""
        if self.ends < datetime.datetime.now(datetime.UTC):
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
            answer = self._client.get_object(Bucket=self.bucket, Key=self.key)
        except ClientError as error:
            if error.response["Error"]["Code"] in _ABSENT:
                return None
            raise
        try:
            entry = Entry(**json.loads(answer["Body"].read()), etag=answer["ETag"])
            _ = entry.since < entry.ends
        except (TypeError, ValueError):
            raise RecordError(
                f"s3://{self.bucket}/{self.key}: is no record of a run; find out who wrote it, and delete it"
            ) from None
        return entry

    def write(self, entry: Entry, *, over: Entry | None) -> None:
        """TakenError where another one is there than `over`, which it replaces; None: where any is."""
        condition = {"IfMatch": over.etag} if over else {"IfNoneMatch": "*"}
        content = json.dumps({name: value for name, value in asdict(entry).items() if name != "etag"}).encode()
        try:
            self._client.put_object(Bucket=self.bucket, Key=self.key, Body=content, **condition)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _TAKEN:
                raise
            raise TakenError(
                f"s3://{self.bucket}/{self.key}: another run has begun in this moment; wait for it"
            ) from None

    def remove(self, entry: Entry) -> None:
        """Unless another run has taken its place: that one's stays."""
        if self.read() == entry:
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
