"""Instances as AWS describes them, for tests."""

import dataclasses
from datetime import UTC, datetime

from patchbay_local.kubernetes.nodes.instance import Instance

LAUNCHED = datetime(2030, 1, 1, tzinfo=UTC)


def instance(number: int, **changes: object) -> Instance:
    """In service, unless changes say otherwise; ids differ by the number."""
    described = Instance(
        identity=f"i-{number:017x}",
        instance_type="c7a.medium",
        zone="eu-central-1a",
        cluster="cluster",
        node_group="flows",
        state="running",
        lifecycle="InService",
        healthy=True,
        launched=LAUNCHED,
    )
    return dataclasses.replace(described, **changes)  # type: ignore[arg-type] # the fields' names are the callers'
