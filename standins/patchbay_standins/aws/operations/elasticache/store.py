"""What an account's ElastiCache holds in a region, each thing as boto3 shows it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from patchbay_standins.aws.service import AwsError, Call, Service

SERVICE: Final = Service("elasticache")

Shown = dict[str, Any]


class Store:
    def __init__(self) -> None:
        self.parameter_groups: dict[str, Shown] = {}
        self.parameters: dict[str, dict[str, str]] = {}  # by parameter group: what differs from the family
        self.subnet_groups: dict[str, Shown] = {}
        self.users: dict[str, Shown] = {}
        self.user_groups: dict[str, Shown] = {}
        self.replication_groups: dict[str, Shown] = {}
        self.clusters: dict[str, Shown] = {}
        self.tags: dict[str, dict[str, str]] = {}  # by ARN

    def tag(self, arn: str, tags: Sequence[Mapping[str, str]] | None) -> None:
        """Adds the tags; a thing without tags is known to the tagging operations as well."""
        held = self.tags.setdefault(arn, {})
        held.update({tag["Key"]: tag["Value"] for tag in tags or ()})

    def taggable(self, arn: str) -> dict[str, str]:
        """The tags of a thing that exists. Raises InvalidARN."""
        if arn not in self.tags:
            raise AwsError("InvalidARN", f"{arn} names nothing that exists.")
        return self.tags[arn]


def store(call: Call) -> Store:
    return call.state(Store)


def chosen(found: Mapping[str, Shown], name: str | None, code: str, what: str) -> list[Shown]:
    """The named one, or all where no name is given. Raises `code` where there is none of that name."""
    if name is None:
        return list(found.values())
    return [one(found, name, code, what)]


def one(found: Mapping[str, Shown], name: str, code: str, what: str) -> Shown:
    if name not in found:
        raise AwsError(code, f"{what} {name} not found.", status=404)
    return found[name]


def absent(found: Mapping[str, Shown], name: str, code: str, what: str) -> None:
    if name in found:
        raise AwsError(code, f"{what} {name} already exists.")
