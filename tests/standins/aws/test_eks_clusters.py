"""EKS clusters are described back as they were asked for, and change as on AWS."""

from tests.standins.aws.account import Account, new_name, refused


def test_a_cluster_is_described_with_all_that_it_was_given(account: Account) -> None:
    eks, network = account.client("eks"), account.network()
    given = {
        "version": "1.34",
        "accessConfig": {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False},
        "encryptionConfig": [{"resources": ["secrets"], "provider": {"keyArn": "arn:aws:kms:eu-central-1:1:key/k"}}],
        "upgradePolicy": {"supportType": "STANDARD"},
        "deletionProtection": True,
        "controlPlaneScalingConfig": {"tier": "tier-xl"},
        "kubeControllerManagerConfig": {
            "horizontalPodAutoscalerControllerConfig": {"horizontalPodAutoscalerSyncPeriod": "5s"}
        },
        "zonalShiftConfig": {"enabled": True},
        "tags": {"owner": "platform"},
    }
    name = account.cluster(network, bootstrapSelfManagedAddons=False, **given)
    described = eks.describe_cluster(name=name)["cluster"]
    assert {member: described[member] for member in given} == given
    assert described["status"] == "ACTIVE"
    assert described["resourcesVpcConfig"]["vpcId"] == network.vpc
    assert described["identity"]["oidc"]["issuer"].startswith("https://oidc.eks.eu-central-1.amazonaws.com/id/")
    assert name in eks.list_clusters()["clusters"]


def test_a_cluster_has_a_security_group_of_its_own_that_goes_with_it(account: Account) -> None:
    eks, ec2 = account.client("eks"), account.client("ec2")
    name = account.cluster(account.network())
    group = eks.describe_cluster(name=name)["cluster"]["resourcesVpcConfig"]["clusterSecurityGroupId"]
    rules = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"]
    assert [pair["GroupId"] for rule in rules for pair in rule["UserIdGroupPairs"]] == [group]
    eks.delete_cluster(name=name)
    with refused("InvalidGroup.NotFound"):
        ec2.describe_security_groups(GroupIds=[group])
    with refused("ResourceNotFoundException", 404):
        eks.describe_cluster(name=name)


def test_access_logging_and_protection_are_updated(account: Account) -> None:
    eks = account.client("eks")
    name = account.cluster(account.network())
    allowed = {"endpointPublicAccess": True, "publicAccessCidrs": ["198.51.100.0/24"], "endpointPrivateAccess": True}
    update = eks.update_cluster_config(name=name, resourcesVpcConfig=allowed)["update"]
    assert eks.describe_update(name=name, updateId=update["id"])["update"]["status"] == "Successful"
    eks.update_cluster_config(name=name, logging={"clusterLogging": [{"types": ["audit"], "enabled": True}]})
    eks.update_cluster_config(name=name, deletionProtection=True)
    described = eks.describe_cluster(name=name)["cluster"]
    assert described["resourcesVpcConfig"].items() >= allowed.items()
    assert described["logging"]["clusterLogging"][0] == {"types": ["audit"], "enabled": True}
    assert update["id"] in eks.list_updates(name=name)["updateIds"]
    with refused("InvalidRequestException"):
        eks.delete_cluster(name=name)
    eks.update_cluster_config(name=name, deletionProtection=False)
    eks.delete_cluster(name=name)


def test_a_cluster_goes_up_one_minor_version_at_a_time(account: Account) -> None:
    eks = account.client("eks")
    name = account.cluster(account.network(), version="1.33")
    with refused("InvalidParameterException"):
        eks.update_cluster_version(name=name, version="1.35")
    eks.update_cluster_version(name=name, version="1.34")
    assert eks.describe_cluster(name=name)["cluster"]["version"] == "1.34"


def test_encryption_is_associated_once(account: Account) -> None:
    eks = account.client("eks")
    name = account.cluster(account.network())
    config = [{"resources": ["secrets"], "provider": {"keyArn": "arn:aws:kms:eu-central-1:1:key/k"}}]
    eks.associate_encryption_config(clusterName=name, encryptionConfig=config)
    assert eks.describe_cluster(name=name)["cluster"]["encryptionConfig"] == config
    with refused("InvalidRequestException"):
        eks.associate_encryption_config(clusterName=name, encryptionConfig=config)


def test_what_aws_refuses_is_refused(account: Account) -> None:
    eks, network = account.client("eks"), account.network()
    name = account.cluster(network)
    subnets = {"subnetIds": list(network.subnets)}
    with refused("ResourceInUseException", 409):
        eks.create_cluster(name=name, roleArn=account.role(), resourcesVpcConfig=subnets)
    with refused("InvalidParameterException"):
        eks.create_cluster(name=new_name("c"), roleArn="arn:aws:iam::1:role/none", resourcesVpcConfig=subnets)
    for wrong in (["subnet-00000000"], [network.subnets[0]]):
        with refused("InvalidParameterException"):
            eks.create_cluster(name=new_name("c"), roleArn=account.role(), resourcesVpcConfig={"subnetIds": wrong})
    with refused("ResourceNotFoundException", 404):
        eks.describe_update(name=name, updateId="none")


def test_tags_of_everything_in_a_cluster_are_changed_by_its_arn(account: Account) -> None:
    eks = account.client("eks")
    name = account.cluster(account.network())
    addon = eks.create_addon(clusterName=name, addonName="coredns", tags={"kept": "1", "dropped": "1"})["addon"]
    eks.tag_resource(resourceArn=addon["addonArn"], tags={"added": "1"})
    eks.untag_resource(resourceArn=addon["addonArn"], tagKeys=["dropped"])
    assert eks.list_tags_for_resource(resourceArn=addon["addonArn"])["tags"] == {"kept": "1", "added": "1"}
    assert eks.describe_addon(clusterName=name, addonName="coredns")["addon"]["tags"] == {"kept": "1", "added": "1"}
    with refused("NotFoundException", 404):
        eks.list_tags_for_resource(resourceArn=addon["addonArn"] + "x")
