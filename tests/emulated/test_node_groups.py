"""A whole environment's update leaves the number of nodes to the autoscaler."""

from typing import Any

import pytest
import yaml

from tests.emulated.deployment import Deployment


def flow_nodes(deployment: Deployment) -> dict[str, Any]:
    """The node group of process flows, as EKS describes it."""
    eks = deployment.emulation.access.client("eks")
    (cluster,) = eks.list_clusters()["clusters"]
    (name,) = [one for one in eks.list_nodegroups(clusterName=cluster)["nodegroups"] if "-flows-" in one]
    return dict(eks.describe_nodegroup(clusterName=cluster, nodegroupName=name)["nodegroup"])


@pytest.mark.parametrize("scratch", ["dev"], indirect=True)
def test_limits_change_under_load_and_the_nodes_stay(scratch: Deployment) -> None:
    scaling = scratch.emulation.access.client("autoscaling")
    name = flow_nodes(scratch)["resources"]["autoScalingGroups"][0]["name"]
    scaling.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=4)
    file = scratch.emulation.config_file
    content = yaml.safe_load(file.read_text())
    flows = content["config"]["patchbay:infra"]["clusters"]["shared"]["flows"]["onDemand"]
    assert flows["desiredSize"] < 4 <= flows["maxSize"]
    for sizes, expected in (
        ({"maxSize": 9}, {"minSize": flows["minSize"], "desiredSize": 4, "maxSize": 9}),
        ({"minSize": 6, "desiredSize": 6}, {"minSize": 6, "desiredSize": 6, "maxSize": 9}),
    ):
        flows |= sizes
        file.write_text(yaml.safe_dump(content))
        scratch.emulation.stack.up(lambda *_: None, checkpoints=False)
        assert flow_nodes(scratch)["scalingConfig"] == expected
    scratch.emulation.stack.preview("--expect-no-changes")
