"""What somebody could do to an environment by hand, and which check then says so."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from patchbay_operations.checks.facts import Facts

WORLD = "0.0.0.0/0"


@dataclass(frozen=True)
class Mutation:
    """`spoil` changes a stack's account; `check` then fails, and in a fault says `names`.

    `others`: checks that cannot but fail with it.
    """

    title: str
    stack: str
    check: str
    names: str
    spoil: Callable[[Facts], None]
    others: frozenset[str] = field(default=frozenset())


def _subnet_table(facts: Facts, tier: str, zone: str = "eu-central-1a") -> str:
    here = [{"Name": "association.subnet-id", "Values": [_subnet(facts, tier, zone)]}]
    (table,) = facts.access.client("ec2").describe_route_tables(Filters=here)["RouteTables"]
    return str(table["RouteTableId"])


def _subnet(facts: Facts, tier: str, zone: str = "eu-central-1a") -> str:
    return next(one.identifier for one in facts.vpc.subnets.values() if (one.tier, one.zone) == (tier, zone))


def _group(facts: Facts, name: str) -> str:
    return next(
        one.identifier for one in facts.vpc.groups.values() if one.name == f"patchbay-{facts.environment}-{name}"
    )


def _open(facts: Facts, group: str, port: int, network: str) -> None:
    rule = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": network}]}
    facts.access.client("ec2").authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])


def _allow(facts: Facts, role: str, action: str, resource: str = "*") -> None:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    facts.access.client("iam").put_role_policy(
        RoleName=f"patchbay-{facts.environment}-{role}",
        PolicyName="by-hand",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )


def _writer(facts: Facts) -> dict[str, Any]:
    return next(one for one in facts.databases if not one.get("ReadReplicaSourceDBInstanceIdentifier"))


def _modify_writer(facts: Facts, **settings: Any) -> None:
    facts.access.client("rds").modify_db_instance(
        DBInstanceIdentifier=_writer(facts)["DBInstanceIdentifier"], ApplyImmediately=True, **settings
    )


def _way_out_of_data(facts: Facts) -> None:
    ec2 = facts.access.client("ec2")
    gateway = ec2.describe_internet_gateways(Filters=[{"Name": "attachment.vpc-id", "Values": [facts.vpc.identifier]}])
    ec2.create_route(
        RouteTableId=_subnet_table(facts, "data"),
        DestinationCidrBlock=WORLD,
        GatewayId=gateway["InternetGateways"][0]["InternetGatewayId"],
    )


def _nat_of_another_zone(facts: Facts) -> None:
    ec2 = facts.access.client("ec2")
    elsewhere = [{"Name": "subnet-id", "Values": [_subnet(facts, "public", "eu-central-1b")]}]
    nat = ec2.describe_nat_gateways(Filters=elsewhere)["NatGateways"][0]["NatGatewayId"]
    table = _subnet_table(facts, "private")
    ec2.replace_route(RouteTableId=table, DestinationCidrBlock=WORLD, NatGatewayId=nat)


def _endpoint_in_public(facts: Facts) -> None:
    facts.access.client("ec2").create_vpc_endpoint(
        VpcId=facts.vpc.identifier,
        VpcEndpointType="Interface",
        ServiceName="com.amazonaws.eu-central-1.sqs",
        SubnetIds=[_subnet(facts, "public")],
        SecurityGroupIds=[_group(facts, "endpoints")],
    )


def _open_edge(facts: Facts) -> None:
    _open(facts, _group(facts, "edge"), 8080, WORLD)


def _open_database(facts: Facts) -> None:
    _open(facts, _group(facts, "databases"), 3306, str(facts.vpc.network))


def _closed_database(facts: Facts) -> None:
    ec2 = facts.access.client("ec2")
    of_group = [{"Name": "group-id", "Values": [_group(facts, "databases")]}]
    rules = ec2.describe_security_group_rules(Filters=of_group)["SecurityGroupRules"]
    inward = [rule["SecurityGroupRuleId"] for rule in rules if not rule["IsEgress"]]
    ec2.revoke_security_group_ingress(GroupId=_group(facts, "databases"), SecurityGroupRuleIds=inward)


def _open_api_server(facts: Facts) -> None:
    facts.access.client("eks").update_cluster_config(
        name=facts.clusters[0]["name"],
        resourcesVpcConfig={"endpointPublicAccess": True, "publicAccessCidrs": [WORLD]},
    )


def _rule_in_default_group(facts: Facts) -> None:
    ec2 = facts.access.client("ec2")
    filters = [{"Name": "vpc-id", "Values": [facts.vpc.identifier]}, {"Name": "group-name", "Values": ["default"]}]
    (group,) = ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
    _open(facts, group["GroupId"], 22, "10.0.0.0/8")


def _copies_in_one_zone(facts: Facts) -> None:
    """Dev's, where a database may be deleted."""
    rds = facts.access.client("rds")
    writer = _writer(facts)
    (reader,) = [one for one in facts.databases if one != writer]
    rds.delete_db_instance(DBInstanceIdentifier=reader["DBInstanceIdentifier"], SkipFinalSnapshot=True)
    rds.create_db_instance_read_replica(
        DBInstanceIdentifier=reader["DBInstanceIdentifier"],
        SourceDBInstanceIdentifier=writer["DBInstanceIdentifier"],
        AvailabilityZone=writer["AvailabilityZone"],
        DBInstanceClass=reader["DBInstanceClass"],
        DBParameterGroupName=reader["DBParameterGroups"][0]["DBParameterGroupName"],
        VpcSecurityGroupIds=[group["VpcSecurityGroupId"] for group in reader["VpcSecurityGroups"]],
        Tags=reader["TagList"],
    )


def _zone_without_nodes(facts: Facts) -> None:
    """Of the cluster whose node groups are zonal: those that reach into the third zone."""
    third = _subnet(facts, "private", "eu-central-1c")
    for group in facts.node_groups:
        if group["clusterName"].endswith("-dedicated") and third in group["subnets"]:
            facts.access.client("eks").delete_nodegroup(
                clusterName=group["clusterName"], nodegroupName=group["nodegroupName"]
            )


def _untagged_group(facts: Facts) -> None:
    behind = facts.node_groups[0]["resources"]["autoScalingGroups"][0]["name"]
    tag = {"ResourceId": behind, "ResourceType": "auto-scaling-group", "Key": "k8s.io/cluster-autoscaler/enabled"}
    facts.access.client("autoscaling").delete_tags(Tags=[tag])


def _other_number_of_pods(facts: Facts) -> None:
    """Told to the autoscaler, not to the nodes."""
    behind = facts.node_groups[0]["resources"]["autoScalingGroups"][0]["name"]
    tag = {
        "ResourceId": behind,
        "ResourceType": "auto-scaling-group",
        "Key": "k8s.io/cluster-autoscaler/node-template/resources/pods",
        "Value": "250",
        "PropagateAtLaunch": False,
    }
    facts.access.client("autoscaling").create_or_update_tags(Tags=[tag])


def _single_addresses(facts: Facts) -> None:
    values = '{"enableNetworkPolicy": "true"}'
    facts.access.client("eks").update_addon(
        clusterName="patchbay-dev-shared", addonName="vpc-cni", configurationValues=values
    )


def _plain_log(facts: Facts) -> None:
    facts.access.client("logs").disassociate_kms_key(
        logGroupName=f"/aws/eks/patchbay-{facts.environment}-shared/cluster"
    )


def _endless_log(facts: Facts) -> None:
    group = f"/aws/eks/patchbay-{facts.environment}-shared/cluster"
    facts.access.client("logs").delete_retention_policy(logGroupName=group)


def _old_tls(facts: Facts) -> None:
    elbv2 = facts.access.client("elbv2")
    (balancer,) = elbv2.describe_load_balancers(Names=[f"patchbay-{facts.environment}-edge"])["LoadBalancers"]
    for listener in elbv2.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]:
        if listener["Protocol"] == "HTTPS":
            elbv2.modify_listener(ListenerArn=listener["ListenerArn"], SslPolicy="ELBSecurityPolicy-2016-08")


def _database_without_tls(facts: Facts) -> None:
    off = {"ParameterName": "require_secure_transport", "ParameterValue": "0", "ApplyMethod": "immediate"}
    facts.access.client("rds").modify_db_parameter_group(
        DBParameterGroupName=_writer(facts)["DBParameterGroups"][0]["DBParameterGroupName"], Parameters=[off]
    )


def _payload_bucket(facts: Facts) -> str:
    buckets = facts.owned("s3", "list_buckets", "Buckets", "Name")
    return next(str(bucket["Name"]) for bucket in buckets if "payloads" in bucket["Name"])


def _public_bucket(facts: Facts) -> None:
    open_ = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), False)
    facts.access.client("s3").put_public_access_block(
        Bucket=_payload_bucket(facts), PublicAccessBlockConfiguration=open_
    )


def _unblocked_bucket(facts: Facts) -> None:
    facts.access.client("s3").delete_public_access_block(Bucket=_payload_bucket(facts))


def _old_metadata(facts: Facts) -> None:
    group = facts.node_groups[0]
    template = group["launchTemplate"]
    version = facts.access.client("ec2").create_launch_template_version(
        LaunchTemplateId=template["id"],
        LaunchTemplateData={
            **facts.launch_templates[0]["LaunchTemplateData"],
            "MetadataOptions": {"HttpTokens": "optional", "HttpPutResponseHopLimit": 1},
        },
    )["LaunchTemplateVersion"]["VersionNumber"]
    facts.access.client("eks").update_nodegroup_version(
        clusterName=group["clusterName"],
        nodegroupName=group["nodegroupName"],
        launchTemplate={"id": template["id"], "version": str(version)},
    )


def _nodes_without_template(facts: Facts) -> None:
    group = facts.node_groups[0]
    facts.access.client("eks").create_nodegroup(
        clusterName=group["clusterName"], nodegroupName="by-hand", subnets=group["subnets"], nodeRole=group["nodeRole"]
    )


def _attach(facts: Facts, role: str, policy: str) -> None:
    facts.access.client("iam").attach_role_policy(
        RoleName=f"patchbay-{facts.environment}-{role}", PolicyArn=f"arn:aws:iam::aws:policy/{policy}"
    )


def _unguarded(facts: Facts) -> None:
    account = facts.access.client("sts").get_caller_identity()["Account"]
    guard = f"arn:aws:iam::{account}:policy/patchbay-{facts.environment}-delivery-guard"
    facts.access.client("iam").detach_role_policy(
        RoleName=f"patchbay-{facts.environment}-delivery-plan", PolicyArn=guard
    )
    _allow(facts, "delivery-plan", "iam:CreateUser")


def _plan_reads_secrets(facts: Facts) -> None:
    account = facts.access.client("sts").get_caller_identity()["Account"]
    facts.access.client("eks").associate_access_policy(
        clusterName=facts.clusters[0]["name"],
        principalArn=f"arn:aws:iam::{account}:role/patchbay-{facts.environment}-delivery-plan",
        policyArn="arn:aws:eks::aws:cluster-access-policy/AmazonEKSAdminViewPolicy",
        accessScope={"type": "cluster"},
    )


def _shut_out(facts: Facts, *roles: str) -> None:
    eks, cluster = facts.access.client("eks"), facts.clusters[0]["name"]
    for entry in facts.pages("eks", "list_access_entries", "accessEntries", clusterName=cluster):
        if entry.rpartition("/")[2] in roles:
            eks.delete_access_entry(clusterName=cluster, principalArn=entry)


def _untagged_key(facts: Facts) -> None:
    kms = facts.access.client("kms")
    key = kms.describe_key(KeyId=f"alias/patchbay-{facts.environment}-data")["KeyMetadata"]["KeyId"]
    kms.untag_resource(KeyId=key, TagKeys=["patchbay:environment"])


def _any_repository(facts: Facts) -> None:
    iam = facts.access.client("iam")
    name = f"patchbay-{facts.environment}-delivery-apply"
    trust = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    conditions = trust["Statement"][0]["Condition"]["StringEquals"]
    for key in [key for key in conditions if key.endswith(":sub")]:
        del conditions[key]
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))


def _anybody(facts: Facts) -> None:
    statement = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    facts.access.client("iam").update_assume_role_policy(
        RoleName=f"patchbay-{facts.environment}-shared-runtime",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )


def _stopped_trail(facts: Facts) -> None:
    facts.access.client("cloudtrail").stop_logging(Name="patchbay-production-auditing-trail")


def _no_agent(facts: Facts) -> None:
    client = facts.access.client("guardduty")
    (detector,) = client.list_detectors()["DetectorIds"]
    agent = {"Name": "EKS_ADDON_MANAGEMENT", "Status": "DISABLED"}
    feature = {"Name": "RUNTIME_MONITORING", "Status": "ENABLED", "AdditionalConfiguration": [agent]}
    client.update_detector(DetectorId=detector, Features=[feature])


def _unlocked_vault(facts: Facts) -> None:
    facts.access.client("backup").delete_backup_vault_lock_configuration(BackupVaultName="patchbay-production-backups")


def _database_without_its_tag(facts: Facts) -> None:
    facts.access.client("rds").remove_tags_from_resource(
        ResourceName=_writer(facts)["DBInstanceArn"], TagKeys=["patchbay:backup"]
    )


MUTATIONS = (
    Mutation("a way out of a data subnet", "dev", "routes", "data-eu-central-1a", _way_out_of_data),
    Mutation("a NAT gateway of another zone", "production", "routes", "private-eu-central-1a", _nat_of_another_zone),
    Mutation("an endpoint in a public subnet", "dev", "tiers", "sqs is in public subnets", _endpoint_in_public),
    Mutation("the edge open on another port", "dev", "edge only", "8080", _open_edge),
    Mutation("a database open to the VPC", "dev", "data isolated", "databases-write", _open_database),
    Mutation("a database open to nobody", "dev", "data reachable", "databases-write on 3306", _closed_database),
    Mutation("an API server open to the world", "staging", "API servers", "staging-shared", _open_api_server),
    Mutation("a rule in the default group", "dev", "defaults", "default security group", _rule_in_default_group),
    Mutation("both copies in one zone", "dev", "copies apart", "databases-read", _copies_in_one_zone),
    Mutation(
        "no standby",
        "production",
        "standby",
        "databases-write has no standby",
        lambda facts: _modify_writer(facts, MultiAZ=False),
    ),
    Mutation(
        "no deletion protection",
        "production",
        "deletion protection",
        "databases-write can be deleted",
        lambda facts: _modify_writer(facts, DeletionProtection=False),
    ),
    Mutation(
        "backups of a day",
        "production",
        "backups",
        "databases-write keeps backups for 1 days",
        lambda facts: _modify_writer(facts, BackupRetentionPeriod=1),
    ),
    Mutation("a zone without nodes", "production", "zones", "eu-central-1c", _zone_without_nodes),
    Mutation("a group without its tag", "dev", "node discovery", "k8s.io/cluster-autoscaler/enabled", _untagged_group),
    Mutation("another number of pods", "dev", "pods per node", "nodes take 110 pods", _other_number_of_pods),
    Mutation("interfaces with single addresses", "dev", "pods per node", "patchbay-dev-shared", _single_addresses),
    Mutation("a log that is not encrypted", "dev", "encryption at rest", "/aws/eks/patchbay-dev-shared", _plain_log),
    Mutation("a listener with old TLS", "dev", "encryption in transit", "patchbay-dev-edge:443", _old_tls),
    Mutation("a database without TLS", "dev", "encryption in transit", "databases-write", _database_without_tls),
    Mutation("a bucket that can be public", "dev", "buckets", "objects-payloads", _public_bucket),
    Mutation("a bucket without a block", "dev", "buckets", "objects-payloads", _unblocked_bucket),
    Mutation("IMDSv1 on nodes", "dev", "instance metadata", "patchbay-dev-shared", _old_metadata),
    Mutation(
        "nodes without a template",
        "dev",
        "instance metadata",
        "by-hand",
        _nodes_without_template,
        others=frozenset({"data reachable"}),
    ),
    Mutation("a log that is kept for ever", "dev", "retention", "/aws/eks/patchbay-dev-shared", _endless_log),
    Mutation(
        "previews that read payloads",
        "dev",
        "rights",
        "patchbay-dev-delivery-plan may s3:GetObject",
        lambda facts: _allow(facts, "delivery-plan", "s3:GetObject", "arn:aws:s3:::patchbay-dev-*"),
    ),
    Mutation(
        "a runtime that may not connect",
        "dev",
        "rights",
        "patchbay-dev-shared-runtime may not s3:PutObject",
        lambda facts: facts.access.client("iam").delete_role_policy(
            RoleName="patchbay-dev-shared-runtime",
            PolicyName=facts.access.client("iam").list_role_policies(RoleName="patchbay-dev-shared-runtime")[
                "PolicyNames"
            ][0],
        ),
    ),
    Mutation("previews that make users", "dev", "forbidden calls", "delivery-plan may iam:CreateUser", _unguarded),
    Mutation(
        "everything of a service",
        "dev",
        "wildcards",
        "delivery-plan may do ('sqs:*',)",
        lambda facts: _allow(facts, "delivery-plan", "sqs:*"),
    ),
    Mutation(
        "nodes that can be logged in to",
        "dev",
        "node role",
        "AmazonSSMManagedInstanceCore",
        lambda facts: _attach(facts, "shared-nodes", "AmazonSSMManagedInstanceCore"),
    ),
    Mutation(
        "nodes with every right",
        "dev",
        "node role",
        "AdministratorAccess",
        lambda facts: _attach(facts, "shared-nodes", "AdministratorAccess"),
        others=frozenset({"rights", "wildcards"}),
    ),
    Mutation(
        "deployments that change another environment's network",
        "dev",
        "rights",
        "patchbay-dev-delivery-apply may ec2:DeleteVpc",
        lambda facts: _allow(facts, "delivery-apply", "ec2:*", "arn:aws:ec2:*:*:vpc/*"),
    ),
    Mutation(
        "deployments that change another environment's keys",
        "dev",
        "rights",
        "patchbay-dev-delivery-apply may kms:PutKeyPolicy",
        lambda facts: _allow(facts, "delivery-apply", "kms:PutKeyPolicy", "arn:aws:kms:*:*:key/*"),
    ),
    Mutation(
        "a key without its tag",
        "dev",
        "rights",
        "patchbay-dev-delivery-apply may not kms:PutKeyPolicy",
        _untagged_key,
    ),
    Mutation(
        "deployments shut out of a cluster",
        "dev",
        "cluster access",
        "patchbay-dev-delivery-apply has nothing on patchbay-dev-shared",
        lambda facts: _shut_out(facts, "patchbay-dev-delivery-apply"),
    ),
    Mutation(
        "pull requests that read Secrets",
        "dev",
        "cluster access",
        "patchbay-dev-delivery-plan has AmazonEKSAdminViewPolicy",
        _plan_reads_secrets,
    ),
    Mutation(
        "a cluster that nobody administers",
        "dev",
        "cluster administrators",
        "no person's role administers patchbay-dev-shared",
        lambda facts: _shut_out(facts, "example-developer"),
    ),
    Mutation("a trail that was stopped", "production", "guards of the account", "records nothing", _stopped_trail),
    Mutation("nodes without an agent", "staging", "guards of the account", "keeps no agent", _no_agent),
    Mutation("a vault without a lock", "production", "backup vaults", "is not locked", _unlocked_vault),
    Mutation(
        "a database that no plan takes in",
        "production",
        "backup vaults",
        "no backup plan takes in database patchbay-production-databases-write",
        _database_without_its_tag,
    ),
    Mutation("every repository deploys", "dev", "trust", "delivery-apply", _any_repository),
    Mutation("a role for anybody", "dev", "trust", "anybody may take patchbay-dev-shared-runtime", _anybody),
)
