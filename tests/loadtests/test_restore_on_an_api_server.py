"""What is put back is owned as before: against a real API server, by the rules of server-side apply."""

import json
from typing import Any

import httpx
import pytest
from patchbay_loadtests.comparison.defaults import grace
from patchbay_loadtests.core.cluster import Cluster
from patchbay_loadtests.core.restoration import MARK, Restore, Restoring, put_leftovers_back, undoing

from tests.standins.pulumi_plugins.control_plane import ControlPlane

PATH = "/apis/apps/v1/namespaces/default/deployments/shape-map"
LABELS = {"app": "map"}


def apply(client: httpx.Client, *, seconds: int | None) -> dict[str, Any]:
    """As the engine does: what another one owns is a conflict, and what is left out goes."""
    pod: dict[str, Any] = {"containers": [{"name": "worker", "image": "registry.example/worker"}]}
    if seconds is not None:
        pod["terminationGracePeriodSeconds"] = seconds
    manifest = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "shape-map"},
        "spec": {"selector": {"matchLabels": LABELS}, "template": {"metadata": {"labels": LABELS}, "spec": pod}},
    }
    answer = client.patch(
        PATH,
        params={"fieldManager": "pulumi"},
        headers={"Content-Type": "application/apply-patch+yaml"},
        content=json.dumps(manifest),
    )
    assert answer.is_success, answer.text
    found: dict[str, Any] = answer.json()
    return found


def grace_of(found: dict[str, Any]) -> int:
    return int(found["spec"]["template"]["spec"]["terminationGracePeriodSeconds"])


@pytest.mark.parametrize("killed", [False, True], ids=["to-its-end", "killed-with-its-helper"])
async def test_after_a_load_test_the_next_update_meets_no_conflict_and_owns_every_field(
    control_plane: ControlPlane, *, killed: bool
) -> None:
    with control_plane.client() as client:
        found = apply(client, seconds=85)
        restore = Restore(path=PATH, body=undoing(grace(30), found), object_path=PATH)
        async with Cluster(control_plane.kubeconfig, None) as cluster:
            restoring = Restoring(control_plane.kubeconfig, None, restore)
            await restoring.__aenter__()
            assert grace_of(await cluster.merge(PATH, grace(30))) == 30
            if killed:
                restoring._process.kill()
                await restoring._process.wait()
                assert await put_leftovers_back(cluster, "default") == [PATH]
            else:
                await restoring.__aexit__(None, None, None)
        left = client.get(PATH).json()
        assert grace_of(left) == 85
        assert MARK not in left["metadata"].get("annotations", {})
        assert "patchbay-loadtests" not in {entry["manager"] for entry in left["metadata"]["managedFields"]}
        assert grace_of(apply(client, seconds=60)) == 60
        # Kubernetes' own, where nobody says how long: so the field was the engine's to take away.
        assert grace_of(apply(client, seconds=None)) == 30
