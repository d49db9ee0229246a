"""The right to tag what is made together with its tags."""

from collections.abc import Iterator, Mapping
from typing import Final

from patchbay_standins.aws.record import actions, arns, context, ec2, reference, values
from patchbay_standins.aws.record.question import Question
from patchbay_standins.aws.service import Call

# By IAM's prefix and operation: the action that tags, and the kind of what is made. The schemas of what they make list
# these; for EC2 and Elastic Load Balancing see also "Permissions to tag resources during creation" in their guides.
TAGGED: Final[Mapping[str, tuple[str, str]]] = {
    "acm:RequestCertificate": ("AddTagsToCertificate", "certificate"),
    "budgets:CreateBudget": ("TagResource", "budget"),
    "ce:CreateAnomalyMonitor": ("TagResource", "anomalymonitor"),
    "ce:CreateAnomalySubscription": ("TagResource", "anomalysubscription"),
    "cloudwatch:PutMetricAlarm": ("TagResource", "alarm"),
    "ecr:CreateRepository": ("TagResource", "repository"),
    "eks:CreateAccessEntry": ("TagResource", "access-entry"),
    "eks:CreateAddon": ("TagResource", "addon"),
    "eks:CreateCluster": ("TagResource", "cluster"),
    "eks:CreateNodegroup": ("TagResource", "nodegroup"),
    "eks:CreatePodIdentityAssociation": ("TagResource", "podidentityassociation"),
    "elasticache:CreateCacheParameterGroup": ("AddTagsToResource", "parametergroup"),
    "elasticache:CreateCacheSubnetGroup": ("AddTagsToResource", "subnetgroup"),
    "elasticache:CreateReplicationGroup": ("AddTagsToResource", "replicationgroup"),
    "elasticache:CreateUser": ("AddTagsToResource", "user"),
    "elasticache:CreateUserGroup": ("AddTagsToResource", "usergroup"),
    "elasticloadbalancing:CreateListener": ("AddTags", "listener/app"),
    "elasticloadbalancing:CreateLoadBalancer": ("AddTags", "loadbalancer/app/"),
    "elasticloadbalancing:CreateRule": ("AddTags", "listener-rule/app"),
    "elasticloadbalancing:CreateTargetGroup": ("AddTags", "targetgroup"),
    "es:CreateDomain": ("AddTags", "domain"),
    "iam:CreateOpenIDConnectProvider": ("TagOpenIDConnectProvider", "oidc-provider"),
    "iam:CreatePolicy": ("TagPolicy", "policy"),
    "iam:CreateRole": ("TagRole", "role"),
    "kms:CreateKey": ("TagResource", "key"),
    "logs:CreateLogGroup": ("TagResource", "log-group"),
    "rds:CreateDBInstance": ("AddTagsToResource", "db"),
    "rds:CreateDBInstanceReadReplica": ("AddTagsToResource", "db"),
    "rds:CreateDBParameterGroup": ("AddTagsToResource", "pg"),
    "rds:CreateDBSubnetGroup": ("AddTagsToResource", "subgrp"),
    "s3:CreateBucket": ("TagResource", "bucket"),
    "secretsmanager:CreateSecret": ("TagResource", "Secret"),
    "shield:CreateProtection": ("TagResource", "protection"),
    "sns:CreateTopic": ("TagResource", "topic"),
    "wafv2:CreateIPSet": ("TagResource", "ipset"),
    "wafv2:CreateWebACL": ("TagResource", "webacl"),
}


def questions(call: Call) -> Iterator[Question]:
    here = context.here(call)
    if call.service == "ec2":
        for made in ec2.tagged(call):
            asked = {**here, **_requested(ec2.tags(made, call)), "ec2:CreateAction": call.operation}
            yield Question("ec2:CreateTags", ec2.arn(made, "*", call), asked)
        return
    prefix, given = actions.prefix(call.service), _requested(values.tags(call.parameters))
    row = TAGGED.get(f"{prefix}:{call.operation}")
    if row is None or not given:
        return
    action = reference.action(prefix, row[0])
    kind = next((one for one in action.kinds if one.name == row[1]), None) if action else None
    if action is None or kind is None:
        raise LookupError(f"{prefix}:{row[0]} does not tag a {row[1]}")
    created = {f"{prefix}:CreateAction": call.operation} if f"{prefix}:CreateAction" in action.keys else {}
    for arn in _made(kind, prefix, call):
        yield Question(action.name, arn, {**here, **given, **created})


def _made(kind: reference.Kind, prefix: str, call: Call) -> list[str]:
    """What is below a load balancer is named after it, and only it is in the call."""
    for parent, path in (("loadbalancer/", "LoadBalancerArn"), ("listener/", "ListenerArn")):
        if above := values.at(call.parameters, path):
            own = kind.name.split("/")[0]
            return [f"{one.replace(f':{parent}', f':{own}/')}/*" for one in above]
    if prefix == "elasticloadbalancing" and kind.name.startswith("loadbalancer/"):
        return [kind.arn({**_own(call), "LoadBalancerName": call["Name"]})]
    if prefix == "rds" and kind.name == "db":
        return [kind.arn({**_own(call), "DbInstanceName": call["DBInstanceIdentifier"]})]
    return arns.of(kind, prefix, call)[:1] or [arns.made(kind, prefix, call)]


def _own(call: Call) -> dict[str, str]:
    return {"Partition": "aws", "Region": call.region, "Account": call.account}


def _requested(given: Mapping[str, str]) -> context.Context:
    asked: context.Context = {f"aws:RequestTag/{key}": value for key, value in given.items()}
    return {**asked, "aws:TagKeys": sorted(given)} if given else {}
