"""What is remembered of each cluster: resources as the API describes them."""

import secrets
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from patchbay_standins.aws.operations.eks.service import not_found
from patchbay_standins.aws.service import Call

Described = dict[str, Any]


@dataclass
class Update:
    """A change of a cluster, or of a node group or add-on of it; done as soon as it is asked for."""

    described: Described
    node_group: str | None
    addon: str | None


@dataclass
class Cluster:
    """Each resource by the name that the API finds it by."""

    described: Described
    node_groups: dict[str, Described] = field(default_factory=dict)
    addons: dict[str, Described] = field(default_factory=dict)
    access_entries: dict[str, Described] = field(default_factory=dict)  # by principal
    access_policies: dict[str, dict[str, Described]] = field(default_factory=dict)  # by principal and policy
    associations: dict[str, Described] = field(default_factory=dict)  # by id
    updates: dict[str, Update] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return str(self.described["name"])

    def tagged(self) -> Iterator[tuple[str, Described]]:
        """Everything with tags, by ARN."""
        yield self.described["arn"], self.described
        for arn, resources in (
            ("nodegroupArn", self.node_groups),
            ("addonArn", self.addons),
            ("accessEntryArn", self.access_entries),
            ("associationArn", self.associations),
        ):
            for resource in resources.values():
                yield resource[arn], resource

    def updated(
        self, kind: str, parameters: dict[str, str], *, node_group: str | None = None, addon: str | None = None
    ) -> Described:
        """Records an update; the answer of the operation that made it."""
        name = str(uuid.uuid4())
        described = {
            "id": name,
            "status": "Successful",
            "type": kind,
            "params": [{"type": name, "value": value} for name, value in parameters.items()],
            "createdAt": now(),
            "errors": [],
        }
        self.updates[name] = Update(described, node_group, addon)
        return {"update": described}


@dataclass
class Clusters:
    """The clusters of an account and region, by name."""

    by_name: dict[str, Cluster] = field(default_factory=dict)


def clusters(call: Call) -> dict[str, Cluster]:
    return call.state(Clusters).by_name


def cluster_of(call: Call) -> Cluster:
    """The cluster that a call names."""
    name = call.get("clusterName") or call["name"]
    found = clusters(call).get(name)
    if found is None:
        raise not_found(f"No cluster found for name: {name}.", clusterName=name)
    return found


def now() -> datetime:
    return datetime.now(UTC)


def identifier(length: int) -> str:
    """As AWS makes ids: lower-case letters and digits."""
    return "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(length))


def page(call: Call, member: str, items: Sequence[Any]) -> dict[str, Any]:
    """The page of `items` that a call asks for."""
    first = int(call.get("nextToken") or 0)
    last = first + int(call.get("maxResults", 100))
    more = {"nextToken": str(last)} if last < len(items) else {}
    return {member: list(items[first:last]), **more}
