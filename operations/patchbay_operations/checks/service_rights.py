"""What the roles that AWS' own services take must be able to do, and must not."""

from collections.abc import Iterator

from patchbay_operations.checks.expectation import Expectation, Names
from patchbay_operations.checks.facts import Facts
from patchbay_operations.permissions.evaluation import Call


def service_rights(facts: Facts) -> Iterator[Expectation]:
    """Of flow logs, the databases' monitoring, the search's master user and every control plane."""
    names = Names(facts)
    strange = _strange(names)
    flow_logs = next(group["logGroupName"] for group in facts.log_groups if "flow-logs" in group["logGroupName"])
    yield Expectation(
        f"{names.prefix}flow-logs",
        must=(
            Call("logs:CreateLogStream", names.arn("logs", f"log-group:{flow_logs}")),
            Call("logs:PutLogEvents", names.arn("logs", f"log-group:{flow_logs}:log-stream:eni-0-all")),
        ),
        must_not=(
            Call("logs:DeleteLogGroup", names.arn("logs", f"log-group:{flow_logs}")),
            Call("logs:PutLogEvents", names.arn("logs", "log-group:/another:log-stream:any")),
            *strange,
        ),
    )
    yield Expectation(
        f"{names.prefix}databases-monitoring",
        must=(Call("logs:PutLogEvents", names.arn("logs", "log-group:RDSOSMetrics:log-stream:any")),),
        must_not=(Call("rds:ModifyDBInstance", names.arn("rds", f"db:{names.prefix}databases-write")), *strange),
    )
    domain = names.arn("es", f"domain/{names.prefix}search")
    yield Expectation(
        f"{names.prefix}search-master",
        must=(Call("es:ESHttpPut", f"{domain}/_plugins/_security/api/roles/any"),),
        must_not=(
            Call("es:DeleteDomain", domain),
            Call("es:ESHttpGet", names.arn("es", "domain/another/any")),
            *strange,
        ),
    )
    for cluster in facts.clusters:
        yield Expectation(
            f"{cluster['name']}-control-plane",
            must=(Call("ec2:DescribeSubnets"), Call("ec2:DescribeInstances")),
            must_not=(
                Call("iam:PassRole", names.arn("iam", f"role/{cluster['name']}-nodes", region=False)),
                Call("eks:DeleteCluster", cluster["arn"]),
                *strange,
            ),
        )

    if any(role.name == f"{names.prefix}backups" for role in facts.roles):
        yield _backup_rights(names)


def _backup_rights(names: Names) -> Expectation:
    databases = names.arn("rds", f"db:{names.prefix}databases-write")
    snapshot = names.arn("rds", "snapshot:awsbackup:job-0")
    return Expectation(
        f"{names.prefix}backups",
        must=(Call("rds:CreateDBSnapshot", databases), Call("rds:AddTagsToResource", snapshot)),
        must_not=(
            Call("rds:ModifyDBInstance", databases),
            Call("rds:DeleteDBSnapshot", names.arn("rds", f"snapshot:{names.prefix}databases-write-final")),
            Call("backup:DeleteRecoveryPoint", snapshot),
            *_strange(names),
        ),
    )


def _strange(names: Names) -> tuple[Call, ...]:
    """What is none of these services' business."""
    return (
        Call("s3:GetObject", f"{names.payloads}/tenant/payload"),
        Call("secretsmanager:GetSecretValue", names.tenant_secret),
        Call("elasticache:Connect", names.arn("elasticache", f"replicationgroup:{names.prefix}shared")),
        Call("ec2:RunInstances", names.arn("ec2", "instance/*")),
    )
