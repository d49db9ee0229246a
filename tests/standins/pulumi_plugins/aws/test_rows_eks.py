"""EKS and what is behind it, by the engine and the stand-in on the emulator."""

import pytest
from patchbay_operations.access import Access

from tests.standins.aws.account import Account
from tests.standins.pulumi_plugins.aws.rounds import is_found_again, is_made_again, is_taken_down, resources, stays
from tests.standins.pulumi_plugins.stack import Stack

pytestmark = pytest.mark.long

PROGRAM = """
cluster_arguments, group_arguments, addon_arguments = {}, {}, {}
vpc = aws.ec2.Vpc("main", cidr_block="10.30.0.0/16", tags={"Name": "eks"}, opts=opts)
subnets = [aws.ec2.Subnet(f"subnet-{zone}", vpc_id=vpc.id, cidr_block=f"10.30.{index}.0/24",
    availability_zone=f"eu-central-1{zone}", tags={"Name": f"eks-{zone}"}, opts=opts)
    for index, zone in enumerate("ab")]
group = aws.ec2.SecurityGroup("main", name="eks", description="Nodes", vpc_id=vpc.id, tags={"Name": "eks"}, opts=opts)
role = aws.iam.Role("main", name="eks", assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": []}),
    opts=opts)
admin = aws.iam.Role("admin", name="eks-admin", assume_role_policy=role.assume_role_policy, opts=opts)
cluster = aws.eks.Cluster("main", **{
    "name": "example", "version": "1.34", "role_arn": role.arn,
    "vpc_config": aws.eks.ClusterVpcConfigArgs(
        subnet_ids=[subnet.id for subnet in subnets], security_group_ids=[group.id], endpoint_private_access=True,
        endpoint_public_access=True, public_access_cidrs=["203.0.113.0/24"]),
    "kubernetes_network_config": aws.eks.ClusterKubernetesNetworkConfigArgs(
        ip_family="ipv4", service_ipv4_cidr="172.20.0.0/16"),
    "access_config": aws.eks.ClusterAccessConfigArgs(
        authentication_mode="API", bootstrap_cluster_creator_admin_permissions=False),
    "encryption_config": aws.eks.ClusterEncryptionConfigArgs(
        provider=aws.eks.ClusterEncryptionConfigProviderArgs(
            key_arn="arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555"),
        resources=["secrets"]),
    "enabled_cluster_log_types": ["api", "audit", "authenticator", "controllerManager", "scheduler"],
    "bootstrap_self_managed_addons": False,
    "upgrade_policy": aws.eks.ClusterUpgradePolicyArgs(support_type="STANDARD"),
    "deletion_protection": False,
    "control_plane_scaling_config": aws.eks.ClusterControlPlaneScalingConfigArgs(tier="tier-xl"),
    "kube_controller_manager_config": aws.eks.ClusterKubeControllerManagerConfigArgs(
        horizontal_pod_autoscaler_controller_config=(
            aws.eks.ClusterKubeControllerManagerConfigHorizontalPodAutoscalerControllerConfigArgs(
                horizontal_pod_autoscaler_sync_period="10s"))),
    "tags": {"Name": "example"}, **cluster_arguments}, opts=opts)
template = aws.ec2.LaunchTemplate("main", name="example", vpc_security_group_ids=[group.id], tags={"Name": "example"},
    opts=opts)
nodes = aws.eks.NodeGroup("main", **{
    "cluster_name": cluster.name, "node_group_name": "example-flows", "node_role_arn": role.arn,
    "subnet_ids": [subnet.id for subnet in subnets], "ami_type": "AL2023_x86_64_STANDARD", "capacity_type": "SPOT",
    "instance_types": ["m7i.large", "m6i.large"],
    "launch_template": aws.eks.NodeGroupLaunchTemplateArgs(id=template.id, version=template.latest_version.apply(str)),
    "scaling_config": aws.eks.NodeGroupScalingConfigArgs(min_size=0, desired_size=1, max_size=3),
    "update_config": aws.eks.NodeGroupUpdateConfigArgs(max_unavailable_percentage=33),
    "labels": {"example.com/pool": "flows", "example.com/capacity": "spot"},
    "taints": [aws.eks.NodeGroupTaintArgs(key="example.com/flows", effect="NO_SCHEDULE")],
    "tags": {"Name": "example-flows"}, **group_arguments},
    opts=pulumi.ResourceOptions(provider=provider, ignore_changes=["scalingConfig.desiredSize"]))
aws.eks.Addon("main", **{
    "cluster_name": cluster.name, "addon_name": "vpc-cni", "addon_version": "v1.20.4-eksbuild.2",
    "configuration_values": json.dumps({"enableNetworkPolicy": "true"}), "resolve_conflicts_on_create": "OVERWRITE",
    "resolve_conflicts_on_update": "PRESERVE", "tags": {"Name": "example-cni"}, **addon_arguments}, opts=opts)
entry = aws.eks.AccessEntry("main", cluster_name=cluster.name, principal_arn=admin.arn,
    type="STANDARD", tags={"Name": "example-admin"}, opts=opts)
aws.eks.AccessPolicyAssociation("main", cluster_name=cluster.name, principal_arn=entry.principal_arn,
    policy_arn="arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
    access_scope=aws.eks.AccessPolicyAssociationAccessScopeArgs(type="cluster"), opts=opts)
aws.eks.PodIdentityAssociation("main", cluster_name=cluster.name, namespace="kube-system",
    service_account="aws-node", role_arn=role.arn, tags={"Name": "example-aws-node"}, opts=opts)
scaling_group = nodes.resources[0].autoscaling_groups[0].name
aws.autoscaling.Tag("main", autoscaling_group_name=scaling_group, tag=aws.autoscaling.TagTagArgs(
    key="k8s.io/cluster-autoscaler/node-template/label/example.com/pool", value="flows", propagate_at_launch=False),
    opts=opts)
targets = aws.lb.TargetGroup("main", name="example", vpc_id=vpc.id, target_type="instance", port=30080, protocol="HTTP",
    tags={"Name": "example"}, opts=opts)
aws.autoscaling.Attachment("main", autoscaling_group_name=scaling_group, lb_target_group_arn=targets.arn, opts=opts)
for name, output in {
    "endpoint": cluster.endpoint, "authority": cluster.certificate_authority.data, "status": cluster.status,
    "group": cluster.vpc_config.cluster_security_group_id, "issuer": cluster.identities[0].oidcs[0].issuer,
    "scalingGroup": scaling_group,
}.items():
    pulumi.export(name, output)
"""


def test_a_cluster_is_made_kept_found_again_and_taken_down(
    stack: Stack, emulated: str, account: Account, access: Access
) -> None:
    stack.up(emulated + PROGRAM)
    made, outputs = resources(stack), stack.outputs()
    assert made["Cluster main"]["id"] == "example"
    assert made["NodeGroup main"]["id"] == "example:example-flows"
    assert made["Addon main"]["id"] == "example:vpc-cni"
    assert made["AccessEntry main"]["id"] == "example:arn:aws:iam::111122223333:role/eks-admin"
    assert made["PodIdentityAssociation main"]["id"].startswith("a-")
    cluster = account.client("eks").describe_cluster(name="example")["cluster"]
    assert outputs["endpoint"] == cluster["endpoint"]
    assert outputs["authority"] == cluster["certificateAuthority"]["data"]
    assert outputs["group"] == cluster["resourcesVpcConfig"]["clusterSecurityGroupId"]
    assert outputs["status"] == "ACTIVE"
    assert outputs["issuer"] == cluster["identity"]["oidc"]["issuer"]
    (group,) = account.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert outputs["scalingGroup"] == group["AutoScalingGroupName"]
    assert group["TargetGroupARNs"] == [made["TargetGroup main"]["id"]]
    tag = {tag["Key"]: tag["Value"] for tag in group["Tags"]}
    assert tag["k8s.io/cluster-autoscaler/node-template/label/example.com/pool"] == "flows"

    stays(stack)
    is_found_again(stack, access)
    is_made_again(stack)
    is_taken_down(stack)
    assert account.client("eks").list_clusters()["clusters"] == []


def test_a_cluster_and_its_nodes_change_in_place(stack: Stack, emulated: str, account: Account) -> None:
    stack.up(emulated + PROGRAM)
    before = resources(stack)
    scaling, eks = account.client("autoscaling"), account.client("eks")
    # The autoscaler's doing.
    scaling.set_desired_capacity(AutoScalingGroupName=stack.outputs()["scalingGroup"], DesiredCapacity=2)
    stack.succeed("refresh", "--yes")
    changed = PROGRAM.replace(
        "cluster_arguments, group_arguments, addon_arguments = {}, {}, {}",
        """
cluster_arguments = {"version": "1.35", "enabled_cluster_log_types": ["audit"], "upgrade_policy": None}
group_arguments = {"scaling_config": aws.eks.NodeGroupScalingConfigArgs(min_size=0, desired_size=1, max_size=6),
    "labels": {"example.com/pool": "flows"}, "taints": []}
addon_arguments = {"addon_version": "v1.21.1-eksbuild.3", "configuration_values": "{}"}
""",
    )
    changed = changed.replace('value="flows"', 'value="others"').replace('["203.0.113.0/24"]', '["198.51.100.0/24"]')
    assert changed.count("others") == 1
    updated = stack.up(emulated + changed)
    assert updated.count("updated") == 4, updated.output
    assert updated.count("replaced") == 0, updated.output
    after = resources(stack)
    assert {name: item["id"] for name, item in after.items()} == {name: item["id"] for name, item in before.items()}
    cluster = eks.describe_cluster(name="example")["cluster"]
    assert cluster["version"] == "1.35"
    assert cluster["logging"]["clusterLogging"][0] == {"types": ["audit"], "enabled": True}
    assert cluster["resourcesVpcConfig"]["publicAccessCidrs"] == ["198.51.100.0/24"]
    nodes = eks.describe_nodegroup(clusterName="example", nodegroupName="example-flows")["nodegroup"]
    assert nodes["scalingConfig"] == {"minSize": 0, "desiredSize": 2, "maxSize": 6}
    assert nodes["labels"] == {"example.com/pool": "flows"}
    assert nodes["taints"] == []
    addon = eks.describe_addon(clusterName="example", addonName="vpc-cni")["addon"]
    assert addon["addonVersion"] == "v1.21.1-eksbuild.3"
    stays(stack)
    is_taken_down(stack)
