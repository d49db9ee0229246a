"""Waiting until every node group has its nodes."""

import time
from collections.abc import Callable, Iterable
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError
from httpx2 import HTTPError

from patchbay_local.kubernetes.nodes.cloud import Cloud
from patchbay_local.kubernetes.nodes.instance import Group
from patchbay_local.kubernetes.nodes.local_nodes import LocalNodes
from patchbay_local.machine import paths

_SECONDS: Final = 120.0


def missing(groups: Iterable[Group], ready: set[str]) -> list[str]:
    """What keeps the nodes from being the instances of the groups; empty when they are."""
    groups = list(groups)
    instances = {one.identity for group in groups for one in group.instances}
    unsettled = [
        f"group {group.name} is to have {group.desired} instances in service"
        for group in groups
        if not group.is_settled
    ]
    return [
        *([] if groups else ["there is no node group"]),
        *unsettled,
        *(f"{name} is not Ready" for name in sorted(instances - ready)),
        *(f"{name} is no instance's node" for name in sorted(ready - instances)),
    ]


def wait_until_ready(cloud: Cloud, nodes: LocalNodes, report: Callable[[str], None]) -> int:
    """Returns how many nodes there are, once each instance is a Ready node. RuntimeError if that takes too long."""
    deadline = time.monotonic() + _SECONDS
    while True:
        try:
            ready = nodes.ready()
            faults = missing(cloud.groups(), ready)
        except (BotoCoreError, ClientError, HTTPError) as error:
            ready, faults = set(), [str(error)]
        if not faults:
            return len(ready)
        if time.monotonic() > deadline:
            raise RuntimeError(f"{'; '.join(faults)} after {_SECONDS:.0f} s: see {paths.LOGS}/node-agent.log")
        report("; ".join(faults))
        time.sleep(0.5)
