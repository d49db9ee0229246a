"""EKS: clusters, node groups, add-ons, access entries and pod identities."""

from typing import Any

from tests.standins.aws.account import Account, new_name
from tests.standins.aws.refusals.row import Arguments, Table

TABLE = Table("eks")

_ADMIN = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"


@TABLE.refuses(
    "create_access_entry",
    "InvalidParameterException",
    words="The specified principalArn is invalid: invalid principal.",
    source="awslabs/minimum-viable-dataspace-on-aws 5",
)
def the_role_does_not_exist(account: Account) -> Arguments:
    return {"clusterName": _cluster(account), "principalArn": "arn:aws:iam::111122223333:role/absent"}


@TABLE.refuses(
    "create_access_entry",
    "InvalidParameterException",
    words="The specified principalArn is invalid: invalid principal.",
    source="terraform-aws-modules/terraform-aws-eks 2969",
)
def the_roles_path_is_left_out(account: Account) -> Arguments:
    document = '{"Version": "2012-10-17", "Statement": []}'
    role = account.client("iam").create_role(
        RoleName=new_name("role"), Path="/example/", AssumeRolePolicyDocument=document
    )["Role"]["Arn"]
    return {"clusterName": _cluster(account), "principalArn": role.replace("/example/", "/")}


@TABLE.refuses(
    "create_access_entry",
    "InvalidParameterException",
    words="The caller is not allowed to modify access entries with a principalArn value of a Service Linked Role",
    source="hashicorp/terraform-provider-aws 36447",
)
def the_role_is_a_services_own(account: Account) -> Arguments:
    role = account.client("iam").create_service_linked_role(AWSServiceName="emr-containers.amazonaws.com")["Role"]
    return {"clusterName": _cluster(account), "principalArn": role["Arn"]}


@TABLE.refuses(
    "associate_access_policy",
    "ResourceNotFoundException",
    words="The specified principalArn could not be found. "
    "You can view your available access entries with 'list-access-entries'.",
    source="terraform-aws-modules/terraform-aws-eks 3024",
    status=404,
)
def the_principal_has_no_entry(account: Account) -> Arguments:
    return {
        "clusterName": _cluster(account),
        "principalArn": account.role(),
        "policyArn": _ADMIN,
        "accessScope": {"type": "cluster"},
    }


@TABLE.refuses(
    "create_nodegroup",
    "InvalidRequestException",
    words="Cannot specify instance types in launch template and API Request",
    source="terraform-aws-modules/terraform-aws-eks 1386",
)
def instance_types_are_said_twice(account: Account) -> Arguments:
    return {**_node_group(account), "launchTemplate": _template(account, {"InstanceType": "m7i.large"})}


@TABLE.refuses(
    "create_nodegroup",
    "InvalidParameterException",
    words="Disk size must be specified within the launch template.",
    source="crossplane-contrib/provider-upjet-aws 866",
)
def the_disk_is_outside_of_the_template(account: Account) -> Arguments:
    return {**_node_group(account), "launchTemplate": _template(account, {"EbsOptimized": True}), "diskSize": 40}


@TABLE.refuses(
    "create_nodegroup",
    "InvalidParameterException",
    words="minSize can't be greater than desiredSize",
    source="sassoftware/viya4-iac-aws 298",
)
def fewer_nodes_are_wanted_than_the_least(account: Account) -> Arguments:
    return {**_node_group(account), "scalingConfig": {"minSize": 2, "maxSize": 3, "desiredSize": 1}}


@TABLE.refuses(
    "create_nodegroup",
    "InvalidParameterException",
    words="desiredSize can't be greater than maxSize",
    source="ministryofjustice/cloud-platform-infrastructure 4595",
)
def more_nodes_are_wanted_than_the_most(account: Account) -> Arguments:
    return {**_node_group(account), "scalingConfig": {"minSize": 0, "maxSize": 1, "desiredSize": 2}}


@TABLE.refuses(
    "update_nodegroup_config",
    "InvalidParameterException",
    words="Minimum capacity 3 can't be greater than desired size 1",
    source="terraform-aws-modules/terraform-aws-eks 3306",
)
def the_least_rises_above_what_the_autoscaler_left(account: Account) -> Arguments:
    return {**_made_node_group(account), "scalingConfig": {"minSize": 3, "maxSize": 4}}


@TABLE.refuses(
    "create_nodegroup",
    "InvalidParameterException",
    words="Requested release version 1.31.3-20250103 is not valid for kubernetes version 1.33.",
    source="eksctl-io/eksctl 7976",
)
def the_release_is_of_another_minor_version(account: Account) -> Arguments:
    return {**_node_group(account), "releaseVersion": "1.31.3-20250103"}


@TABLE.refuses(
    "update_nodegroup_version",
    "InvalidParameterException",
    words="Nodegroup Kubernetes version should be equal to Cluster kubernetes version 1.33 "
    "or NodeGroup kubernetes version 1.33",
    source="aws-controllers-k8s/community 2957",
)
def nodes_are_upgraded_before_their_cluster(account: Account) -> Arguments:
    return {**_made_node_group(account), "version": "1.34"}


@TABLE.refuses(
    "update_cluster_version",
    "InvalidParameterException",
    words="Unsupported Kubernetes minor version update from 1.33 to 1.35",
    source="terraform-aws-modules/terraform-aws-eks 2607",
)
def an_upgrade_leaves_a_minor_version_out(account: Account) -> Arguments:
    return {"name": _cluster(account), "version": "1.35"}


@TABLE.refuses(
    "update_cluster_config",
    "InvalidParameterException",
    words="Cluster is already at the desired configuration with endpointPrivateAccess: true , "
    "endpointPublicAccess: true, and Public Endpoint Restrictions: [0.0.0.0/0]",
    source="eksctl-io/eksctl 4043",
)
def the_endpoints_access_is_as_asked_for(account: Account) -> Arguments:
    network = account.network()
    access = {"endpointPrivateAccess": True, "endpointPublicAccess": True, "publicAccessCidrs": ["0.0.0.0/0"]}
    cluster = account.cluster(network, resourcesVpcConfig={"subnetIds": list(network.subnets), **access})
    return {"name": cluster, "resourcesVpcConfig": access}


@TABLE.refuses(
    "delete_cluster",
    "ResourceInUseException",
    words="Cluster has nodegroups attached",
    source="gruntwork-io/cloud-nuke 148",
    status=409,
)
def the_cluster_has_node_groups(account: Account) -> Arguments:
    return {"name": _made_node_group(account)["clusterName"]}


@TABLE.refuses(
    "create_addon",
    "InvalidParameterException",
    words="Addon version specified is not supported",
    source="hashicorp/terraform-provider-aws 32238",
)
def the_addons_version_is_none(account: Account) -> Arguments:
    return {"clusterName": _cluster(account), "addonName": "coredns", "addonVersion": "1.12.4"}


@TABLE.refuses(
    "create_pod_identity_association",
    "ResourceInUseException",
    words="Association already exists: a-",
    source="awslabs/crossplane-on-eks 168",
    status=409,
)
def the_service_account_has_a_role(account: Account) -> Arguments:
    association = {
        "clusterName": _cluster(account),
        "namespace": "example",
        "serviceAccount": "example",
        "roleArn": account.role(),
    }
    account.client("eks").create_pod_identity_association(**association)
    return association


def _cluster(account: Account) -> str:
    return account.cluster(account.network())


def _node_group(account: Account) -> dict[str, Any]:
    """The arguments that make one."""
    network = account.network()
    return {
        "clusterName": account.cluster(network),
        "nodegroupName": "example",
        "subnets": list(network.subnets),
        "nodeRole": account.role(),
        "instanceTypes": ["m7i.large"],
        "scalingConfig": {"minSize": 1, "maxSize": 2, "desiredSize": 1},
    }


def _made_node_group(account: Account) -> dict[str, Any]:
    """The names by which calls find one."""
    given = _node_group(account)
    account.client("eks").create_nodegroup(**given)
    return {name: given[name] for name in ("clusterName", "nodegroupName")}


def _template(account: Account, data: dict[str, Any]) -> dict[str, str]:
    made = account.client("ec2").create_launch_template(LaunchTemplateName=new_name("nodes"), LaunchTemplateData=data)
    return {"id": made["LaunchTemplate"]["LaunchTemplateId"]}
