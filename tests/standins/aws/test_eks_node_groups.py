"""Behind an EKS node group is a real Auto Scaling group with instances, which the cluster autoscaler can find."""

from collections import Counter
from typing import Any

from tests.standins.aws.account import ZONES, Account, Network, refused


def _template(account: Account, name: str) -> str:
    data = {
        "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
        "BlockDeviceMappings": [
            {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 30, "VolumeType": "gp3", "Encrypted": True}}
        ],
    }
    made = account.client("ec2").create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)
    return str(made["LaunchTemplate"]["LaunchTemplateId"])


def _node_group(account: Account, network: Network, cluster: str, **settings: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "nodegroupName": "flows",
        "subnets": list(network.subnets),
        "nodeRole": account.role(),
        "instanceTypes": ["m7a.medium", "m7i.large"],
        "scalingConfig": {"minSize": 0, "maxSize": 9, "desiredSize": 6},
    }
    if "launchTemplate" not in settings:
        given["launchTemplate"] = {"id": _template(account, f"{cluster}-flows")}
    made: dict[str, Any] = account.client("eks").create_nodegroup(clusterName=cluster, **(given | settings))
    return dict(made["nodegroup"])


def _group(account: Account, cluster: str) -> dict[str, Any]:
    """Found as the cluster autoscaler finds it."""
    found: list[dict[str, Any]] = account.client("autoscaling").describe_auto_scaling_groups(
        Filters=[{"Name": "tag-key", "Values": [f"k8s.io/cluster-autoscaler/{cluster}"]}]
    )["AutoScalingGroups"]
    assert len(found) == 1
    return found[0]


def test_the_auto_scaling_group_has_the_node_groups_sizes_subnets_and_discovery_tags(account: Account) -> None:
    network = account.network()
    cluster = account.cluster(network)
    node_group = _node_group(account, network, cluster)
    group = _group(account, cluster)
    assert node_group["resources"]["autoScalingGroups"] == [{"name": group["AutoScalingGroupName"]}]
    assert (group["MinSize"], group["MaxSize"], group["DesiredCapacity"]) == (0, 9, 6)
    assert set(group["VPCZoneIdentifier"].split(",")) == set(network.subnets)
    tags = {tag["Key"]: tag["Value"] for tag in group["Tags"]}
    assert tags["k8s.io/cluster-autoscaler/enabled"] == "true"
    assert (tags["eks:cluster-name"], tags["eks:nodegroup-name"]) == (cluster, "flows")
    overrides = group["MixedInstancesPolicy"]["LaunchTemplate"]["Overrides"]
    assert [override["InstanceType"] for override in overrides] == ["m7a.medium", "m7i.large"]


def test_its_instances_are_balanced_over_the_zones_and_are_what_the_launch_template_says(account: Account) -> None:
    network = account.network()
    cluster = account.cluster(network)
    _node_group(account, network, cluster, capacityType="SPOT")
    members = _group(account, cluster)["Instances"]
    assert Counter(member["AvailabilityZone"] for member in members) == dict.fromkeys(ZONES, 2)
    ec2 = account.client("ec2")
    described = ec2.describe_instances(InstanceIds=[member["InstanceId"] for member in members])
    instances = [instance for reservation in described["Reservations"] for instance in reservation["Instances"]]
    volumes = [mapping["Ebs"]["VolumeId"] for instance in instances for mapping in instance["BlockDeviceMappings"]]
    assert {instance["MetadataOptions"]["HttpTokens"] for instance in instances} == {"required"}
    assert {instance["InstanceLifecycle"] for instance in instances} == {"spot"}
    assert {volume["Encrypted"] for volume in ec2.describe_volumes(VolumeIds=volumes)["Volumes"]} == {True}
    assert len(volumes) == len(instances) == 6


def test_a_changed_size_is_the_groups_and_a_group_changed_by_the_autoscaler_is_described(account: Account) -> None:
    eks, network = account.client("eks"), account.network()
    cluster = account.cluster(network)
    _node_group(account, network, cluster)
    sizes = {"minSize": 1, "maxSize": 4, "desiredSize": 2}
    update = eks.update_nodegroup_config(
        clusterName=cluster,
        nodegroupName="flows",
        scalingConfig=sizes,
        labels={"addOrUpdateLabels": {"pool": "flows"}},
        taints={"addOrUpdateTaints": [{"key": "flows", "value": "true", "effect": "NO_SCHEDULE"}]},
    )["update"]
    group = _group(account, cluster)
    assert (group["MinSize"], group["MaxSize"], len(group["Instances"])) == (1, 4, 2)
    account.client("autoscaling").set_desired_capacity(
        AutoScalingGroupName=group["AutoScalingGroupName"], DesiredCapacity=3
    )
    described = eks.describe_nodegroup(clusterName=cluster, nodegroupName="flows")["nodegroup"]
    assert described["scalingConfig"] == sizes | {"desiredSize": 3}
    assert described["labels"] == {"pool": "flows"}
    assert [taint["key"] for taint in described["taints"]] == ["flows"]
    assert eks.list_updates(name=cluster, nodegroupName="flows")["updateIds"] == [update["id"]]


def test_an_updated_version_replaces_the_instances(account: Account) -> None:
    eks, network = account.client("eks"), account.network()
    cluster = account.cluster(network, version="1.33")
    _node_group(account, network, cluster)
    before = {member["InstanceId"] for member in _group(account, cluster)["Instances"]}
    with refused("InvalidParameterException"):
        eks.update_nodegroup_version(clusterName=cluster, nodegroupName="flows", version="1.34")
    eks.update_cluster_version(name=cluster, version="1.34")
    eks.update_nodegroup_version(clusterName=cluster, nodegroupName="flows")
    assert eks.describe_nodegroup(clusterName=cluster, nodegroupName="flows")["nodegroup"]["version"] == "1.34"
    after = {member["InstanceId"] for member in _group(account, cluster)["Instances"]}
    assert len(after) == 6
    assert not after & before


def test_sizes_that_contradict_each_other_are_refused_in_eks_own_words(account: Account) -> None:
    """terraform-aws-eks issues 3306 and 3683; the second is what eksctl's users show."""
    eks, network = account.client("eks"), account.network()
    cluster = account.cluster(network)
    _node_group(account, network, cluster)
    for sizes, words in (
        ({"minSize": 8}, "Minimum capacity 8 can't be greater than desired size 6"),
        ({"maxSize": 4}, "desired capacity 6 can't be greater than max size 4"),
    ):
        with refused("InvalidParameterException", words=words):
            eks.update_nodegroup_config(clusterName=cluster, nodegroupName="flows", scalingConfig=sizes)
    eks.update_nodegroup_config(clusterName=cluster, nodegroupName="flows", scalingConfig={"maxSize": 20})
    assert _group(account, cluster)["DesiredCapacity"] == 6


def test_a_release_is_kept_until_an_update_names_another_or_none(account: Account) -> None:
    eks, network = account.client("eks"), account.network()
    cluster = account.cluster(network, version="1.33")
    node_group = _node_group(account, network, cluster, releaseVersion="1.33.1-20250801")
    assert node_group["releaseVersion"] == "1.33.1-20250801"

    def released(**settings: Any) -> str:
        eks.update_nodegroup_version(clusterName=cluster, nodegroupName="flows", **settings)
        return str(eks.describe_nodegroup(clusterName=cluster, nodegroupName="flows")["nodegroup"]["releaseVersion"])

    assert released(releaseVersion="1.33.5-20251001") == "1.33.5-20251001"
    with refused("InvalidParameterException", words="cannot be rolled back"):
        released(releaseVersion="1.33.1-20250801")
    words = "Requested release version 1.34.1-20251001 is not valid for kubernetes version 1.33."
    with refused("InvalidParameterException", words=words):
        released(releaseVersion="1.34.1-20251001")
    # A new version of the launch template brings the newest image along, whatever was there.
    assert released(launchTemplate={"id": node_group["launchTemplate"]["id"], "version": "1"}) > "1.33.5-20251001"


def test_bottlerockets_releases_are_its_own(account: Account) -> None:
    network = account.network()
    cluster = account.cluster(network)
    with refused("InvalidParameterException", words="Requested release version 1.34.0 is not valid"):
        _node_group(account, network, cluster, amiType="BOTTLEROCKET_x86_64", releaseVersion="1.34.0")
    made = _node_group(
        account,
        network,
        cluster,
        amiType="BOTTLEROCKET_x86_64",
        releaseVersion="1.34.0-18d04e52",
        launchTemplate={"name": f"{cluster}-flows"},
    )
    assert made["releaseVersion"] == "1.34.0-18d04e52"


def test_a_deleted_node_group_leaves_nothing_and_until_then_its_cluster_stays(account: Account) -> None:
    eks, ec2, network = account.client("eks"), account.client("ec2"), account.network()
    cluster = account.cluster(network)
    name = _node_group(account, network, cluster)["resources"]["autoScalingGroups"][0]["name"]
    with refused("ResourceInUseException", 409):
        eks.delete_cluster(name=cluster)
    volumes = ec2.describe_volumes()["Volumes"]
    eks.delete_nodegroup(clusterName=cluster, nodegroupName="flows")
    groups = account.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])
    assert groups["AutoScalingGroups"] == []
    of_the_vpc = [{"Name": "vpc-id", "Values": [network.vpc]}]
    assert ec2.describe_network_interfaces(Filters=of_the_vpc)["NetworkInterfaces"] == []
    assert len(ec2.describe_volumes()["Volumes"]) == len(volumes) - 6
    templates = ec2.describe_launch_templates()["LaunchTemplates"]
    assert name not in {template["LaunchTemplateName"] for template in templates}
    assert eks.list_nodegroups(clusterName=cluster)["nodegroups"] == []
    eks.delete_cluster(name=cluster)


def test_what_aws_refuses_is_refused(account: Account) -> None:
    eks, network = account.client("eks"), account.network()
    cluster = account.cluster(network)
    _node_group(account, network, cluster)
    with refused("ResourceInUseException", 409):
        _node_group(account, network, cluster, launchTemplate={"name": f"{cluster}-flows"})
    for wrong in (
        {"scalingConfig": {"minSize": 3, "maxSize": 2, "desiredSize": 2}},
        {"diskSize": 30},
        {"launchTemplate": {"id": "lt-00000000"}},
        {"nodeRole": "arn:aws:iam::1:role/none"},
        {"version": "1.99"},
        {"subnets": ["subnet-00000000"]},
    ):
        settings: dict[str, Any] = {"nodegroupName": "other", "launchTemplate": {"name": f"{cluster}-flows"}}
        with refused("InvalidParameterException"):
            _node_group(account, network, cluster, **(settings | wrong))
    with refused("ResourceNotFoundException", 404):
        eks.describe_nodegroup(clusterName=cluster, nodegroupName="none")


def test_nodes_are_let_into_the_cluster_by_an_entry_for_their_role(account: Account) -> None:
    network = account.network()
    cluster = account.cluster(network)
    role = _node_group(account, network, cluster)["nodeRole"]
    entry = account.client("eks").describe_access_entry(clusterName=cluster, principalArn=role)["accessEntry"]
    assert (entry["type"], entry["kubernetesGroups"]) == ("EC2_LINUX", ["system:nodes"])
