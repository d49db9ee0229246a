"""What nodes and workloads of a cluster must be able to do, and must not."""

from collections.abc import Iterator

from patchbay_operations.checks.expectation import Expectation, Names
from patchbay_operations.checks.facts import Facts
from patchbay_operations.permissions.evaluation import Call


def workload_rights(facts: Facts) -> Iterator[Expectation]:
    """Of every cluster of the environment."""
    names = Names(facts)
    for cluster in facts.clusters:
        name = cluster["name"]
        yield _nodes(names, name)
        yield _vpc_cni(names, name)
        yield _autoscaler(names, name)
        yield _volumes(names, name)
        yield _runtime(names, name)
        yield _database_access(names, name)
        yield _cloudwatch_metrics(names, name)


def _nodes(names: Names, cluster: str) -> Expectation:
    return Expectation(
        f"{cluster}-nodes",
        must=(
            Call("eks:DescribeCluster", names.arn("eks", f"cluster/{cluster}")),
            Call("eks-auth:AssumeRoleForPodIdentity", names.arn("eks", f"cluster/{cluster}")),
            Call("ecr:GetAuthorizationToken"),
            Call("ecr:BatchGetImage", names.arn("ecr", f"repository/{names.prefix}runtime")),
        ),
        must_not=(
            Call("ecr:PutImage", names.arn("ecr", f"repository/{names.prefix}runtime")),
            Call("s3:GetObject", f"{names.payloads}/tenant/payload"),
            Call("secretsmanager:GetSecretValue", names.tenant_secret),
            Call("elasticache:Connect", names.arn("elasticache", f"replicationgroup:{cluster}")),
            Call("ec2:RunInstances", names.arn("ec2", "instance/*")),
            Call("ec2:TerminateInstances", names.arn("ec2", "instance/i-0")),
            Call("iam:PassRole", names.arn("iam", f"role/{cluster}-nodes", region=False)),
        ),
    )


def _vpc_cni(names: Names, cluster: str) -> Expectation:
    return Expectation(
        f"{cluster}-vpc-cni",
        must=(
            Call("ec2:DescribeNetworkInterfaces"),
            Call("ec2:AssignPrivateIpAddresses", names.arn("ec2", "network-interface/eni-0")),
        ),
        must_not=(
            Call("ec2:RunInstances", names.arn("ec2", "instance/*")),
            Call("ec2:AuthorizeSecurityGroupIngress", names.arn("ec2", "security-group/sg-0")),
            Call("s3:GetObject", f"{names.payloads}/tenant/payload"),
        ),
    )


def _autoscaler(names: Names, cluster: str) -> Expectation:
    groups = names.arn("autoscaling", "autoScalingGroup:0:autoScalingGroupName")
    # As EKS names the group behind a node group.
    of_nodes = f"{groups}/eks-{cluster}-flows-0"
    own = {f"aws:ResourceTag/k8s.io/cluster-autoscaler/{cluster}": "owned"}
    foreign = {"aws:ResourceTag/k8s.io/cluster-autoscaler/another": "owned"}
    return Expectation(
        f"{cluster}-cluster-autoscaler",
        must=(
            Call("autoscaling:DescribeAutoScalingGroups"),
            Call("autoscaling:SetDesiredCapacity", of_nodes, own),
            Call("autoscaling:TerminateInstanceInAutoScalingGroup", of_nodes, own),
        ),
        must_not=(
            Call("autoscaling:SetDesiredCapacity", of_nodes, foreign),
            Call("autoscaling:SetDesiredCapacity", of_nodes),
            Call("autoscaling:UpdateAutoScalingGroup", of_nodes, own),
            Call("autoscaling:DeleteAutoScalingGroup", of_nodes, own),
            Call("ec2:TerminateInstances", names.arn("ec2", "instance/i-0"), own),
        ),
    )


def _volumes(names: Names, cluster: str) -> Expectation:
    volume = names.arn("ec2", "volume/vol-0")
    return Expectation(
        f"{cluster}-ebs-csi-controller",
        must=(
            Call("ec2:CreateVolume", volume, {"aws:RequestTag/patchbay:cluster": cluster}),
            Call("ec2:DeleteVolume", volume, {"aws:ResourceTag/patchbay:cluster": cluster}),
            Call("kms:GenerateDataKeyWithoutPlaintext", names.key("cluster"), names.through("ec2")),
        ),
        must_not=(
            Call("ec2:CreateVolume", volume),
            Call("ec2:DeleteVolume", volume, {"aws:ResourceTag/patchbay:cluster": "another"}),
            Call("ec2:DeleteVolume", volume),
            Call("ec2:CreateSnapshot", volume, {"aws:ResourceTag/patchbay:cluster": cluster}),
            Call("ec2:RunInstances", names.arn("ec2", "instance/*")),
            Call("kms:Decrypt", names.key("secrets"), names.through("ec2")),
        ),
    )


def _runtime(names: Names, cluster: str) -> Expectation:
    cache = names.arn("elasticache", f"replicationgroup:{cluster}")
    writer = next(one for one in names.facts.databases if not one.get("ReadReplicaSourceDBInstanceIdentifier"))
    users = names.arn("rds-db", f"dbuser:{writer['DbiResourceId']}")
    own_user = f"patchbay_{names.facts.environment}_{cluster.removeprefix(names.prefix).replace('-', '_')}"
    return Expectation(
        f"{cluster}-runtime",
        must=(
            Call("elasticache:Connect", cache),
            Call("elasticache:Connect", names.arn("elasticache", f"user:{cluster}")),
            Call("rds-db:connect", f"{users}/{own_user}"),
        ),
        must_not=(
            Call("s3:GetObject", f"{names.payloads}/tenant/payload"),
            Call("s3:PutObject", f"{names.payloads}/tenant/payload"),
            Call("s3:ListBucket", names.payloads),
            Call("secretsmanager:GetSecretValue", names.tenant_secret),
            Call("secretsmanager:DescribeSecret", names.tenant_secret),
            Call("kms:Decrypt", names.key("secrets"), names.through("secretsmanager")),
            Call("kms:Decrypt", names.key("data"), names.through("s3")),
            Call("rds:ModifyDBInstance", writer["DBInstanceArn"]),
            Call("elasticache:Connect", names.arn("elasticache", f"replicationgroup:{names.prefix}another")),
            Call("rds-db:connect", f"{users}/patchbay_of_another_cluster"),
            Call("rds-db:connect", f"{users}/{writer['MasterUsername']}"),
            Call("rds:DeleteDBInstance", writer["DBInstanceArn"]),
            Call("kms:Decrypt", names.arn("kms", "key/another"), names.through("s3")),
            Call("kms:Decrypt", names.key("data")),
            Call("sts:AssumeRole", names.arn("iam", f"role/{cluster}-database-access", region=False)),
        ),
    )


def _database_access(names: Names, cluster: str) -> Expectation:
    """Makes the runtime's user with a new password of the master's."""
    modify, writer = "rds:ModifyDBInstance", names.arn("rds", f"db:{names.prefix}databases-write")
    return Expectation(
        f"{cluster}-database-access",
        must=(Call(modify, writer),),
        must_not=(
            Call(modify, names.arn("rds", f"db:{names.prefix}databases-read")),
            Call(modify, names.arn("rds", "db:another")),
            Call(modify, names.arn("rds", "pg:another")),
            Call("rds:DeleteDBInstance", writer),
            Call("rds:RebootDBInstance", writer),
            Call("rds:CreateDBSnapshot", writer),
            Call("secretsmanager:GetSecretValue", names.tenant_secret),
            Call("kms:Decrypt", names.key("secrets"), names.through("secretsmanager")),
            Call("kms:Decrypt", names.key("data"), names.through("s3")),
            Call("s3:GetObject", f"{names.payloads}/tenant/payload"),
            Call("elasticache:Connect", names.arn("elasticache", f"replicationgroup:{cluster}")),
        ),
    )


def _cloudwatch_metrics(names: Names, cluster: str) -> Expectation:
    """Tells the alarms what waits, and of the nodes."""
    put = "cloudwatch:PutMetricData"
    return Expectation(
        f"{cluster}-cloudwatch-metrics",
        must=(Call(put, context={"cloudwatch:namespace": "Patchbay"}),),
        must_not=(
            Call(put, context={"cloudwatch:namespace": "AWS/RDS"}),
            Call(put),
            Call("cloudwatch:DeleteAlarms", names.arn("cloudwatch", "alarm:*")),
            Call("s3:GetObject", f"{names.payloads}/tenant/payload"),
            Call("elasticache:Connect", names.arn("elasticache", f"replicationgroup:{cluster}")),
            Call("secretsmanager:GetSecretValue", names.tenant_secret),
        ),
    )
