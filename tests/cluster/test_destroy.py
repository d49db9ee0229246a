"""`pulumi destroy` of the environment that `make up` brought up, and everything made again."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lightkube import Client
from lightkube.resources.apiextensions_v1 import CustomResourceDefinition
from lightkube.resources.core_v1 import Namespace, Node, PersistentVolume, PersistentVolumeClaim
from patchbay_local.commands import administrator
from patchbay_local.deploy import environments
from patchbay_local.deploy.stack.stack import Stack
from patchbay_local.deploy.stack_config import StackConfig
from patchbay_local.kubernetes.cluster.spec import ClusterImages
from patchbay_local.kubernetes.edge import edge
from patchbay_local.kubernetes.nodes.cloud import Cloud
from patchbay_local.kubernetes.nodes.local_nodes import LocalNodes
from patchbay_local.kubernetes.nodes.readiness import wait_until_ready
from patchbay_local.machine.journal import open_journal
from patchbay_operations.inventory.read import inventory

from tests.emulated.deployment import empty_account
from tests.waiting import eventually

# Kubernetes makes these itself.
ITS_OWN = {"default", "kube-node-lease", "kube-public", "kube-system"}

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]


def names(objects: Iterable[Any]) -> set[str | None]:
    return {one.metadata and one.metadata.name for one in objects}


@pytest.fixture
def stack() -> Iterator[Stack]:
    """The environment's stack; whatever happens to it, it is there again afterwards."""
    local = environments.local()
    yield local
    local.up(lambda *_: None)
    wait_until_ready(
        Cloud(environments.access()), LocalNodes(open_journal(), ClusterImages.from_lock()), lambda *_: None
    )
    edge.wait_until_answering()
    # The platform has made another one.
    administrator.keep_key()
    local.preview("--expect-no-changes")


def test_destroying_leaves_nothing_in_the_cluster_or_the_account_and_all_can_be_made_again(
    stack: Stack, kubernetes: Client, tmp_path: Path
) -> None:
    with empty_account(tmp_path / "empty", StackConfig.read("local")) as empty:
        nothing = inventory(empty.emulation.access)
    assert inventory(environments.access()) != nothing

    stack.destroy()

    assert inventory(environments.access()) == nothing
    assert names(kubernetes.list(Namespace)) == ITS_OWN
    assert names(kubernetes.list(CustomResourceDefinition)) == set()
    assert list(kubernetes.list(PersistentVolumeClaim, namespace="*")) == []

    def given_back() -> None:
        assert names(kubernetes.list(Node)) == set()
        assert {one.status and one.status.phase for one in kubernetes.list(PersistentVolume)} == {"Available"}

    # The machine's agent follows the account.
    eventually(given_back, within=90)
