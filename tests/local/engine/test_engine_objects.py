"""What a user of `pulumi up` gets for Kubernetes objects."""

import pytest
from control_plane import ControlPlane
from stack import Stack

CONFIG_MAP = """
    import pulumi
    import pulumi_kubernetes as k8s

    ns = k8s.core.v1.Namespace("ns", metadata={{"name": "{namespace}"}})
    cm = k8s.core.v1.ConfigMap(
        "settings",
        metadata={{"name": "settings", "namespace": ns.metadata.name, "labels": {{"color": "{color}"}}}},
        data={{"mode": "{mode}"}},
    )
    pulumi.export("uid", cm.metadata.uid)
"""


def test_up_creates_updates_and_destroys_and_a_second_up_changes_nothing(
    stack: Stack, control_plane: ControlPlane
) -> None:
    path = "/api/v1/namespaces/basics/configmaps/settings"
    program = CONFIG_MAP.format(namespace="basics", color="blue", mode="quiet")
    preview = (stack.write(program), stack.succeed("preview"))[1]
    assert preview.count("create") == 3
    with control_plane.client() as client:
        assert client.get("/api/v1/namespaces/basics").status_code == 404, "a preview creates nothing"

        assert stack.up(program).count("created") == 3
        assert client.get(path).json()["data"] == {"mode": "quiet"}
        uid = stack.outputs()["uid"]

        assert stack.succeed("preview", "--expect-no-changes").count("unchanged") == 3
        assert stack.up(CONFIG_MAP.format(namespace="basics", color="red", mode="quiet")).count("updated") == 1
        assert client.get(path).json()["metadata"]["labels"] == {"color": "red"}
        assert stack.outputs()["uid"] == uid

        assert stack.up(CONFIG_MAP.format(namespace="basics", color="red", mode="loud")).count("replaced") == 1
        assert client.get(path).json()["data"] == {"mode": "loud"}
        assert stack.outputs()["uid"] != uid

        assert stack.succeed("destroy", "--yes", "--skip-preview").count("deleted") == 3
        assert client.get("/api/v1/namespaces/basics").status_code == 404
