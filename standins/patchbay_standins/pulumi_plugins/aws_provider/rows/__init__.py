"""The table: how each resource type is made of API calls."""

from collections.abc import Mapping
from importlib import import_module
from typing import Final

from patchbay_standins.pulumi_plugins.aws_provider.row import Row

# A module holds the rows of one service, or of a part of a large one.
MODULES: Final = (
    "acm",
    "autoscaling",
    "backup",
    "budgets",
    "cloudtrail",
    "cloudwatch",
    "config",
    "costexplorer",
    "ec2_endpoints",
    "ec2_network",
    "ec2_security",
    "ec2clientvpn",
    "ecr",
    "eks",
    "elasticache",
    "elasticache_replication_group",
    "elbv2",
    "elbv2_listeners",
    "events",
    "guardduty",
    "iam",
    "kms",
    "opensearch",
    "rds",
    "rds_instance",
    "route53",
    "s3",
    "secretsmanager",
    "securityhub",
    "shield",
    "sns",
    "wafv2",
)

TABLE: Final[Mapping[str, Row]] = {
    row.token: row for module in MODULES for row in import_module(f"{__name__}.{module}").ROWS
}
