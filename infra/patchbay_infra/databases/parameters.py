"""What the database itself is told."""

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from patchbay_infra.context import Context
from patchbay_infra.databases.config import DatabasesConfig


def parameter_group(
    name: str, config: DatabasesConfig, version: str, *, context: Context, parent: pulumi.Resource
) -> aws.rds.ParameterGroup:
    """Of the family that an instance of the version asks for."""
    major, minor, *_ = version.split(".")
    series = f"{major}-{minor}"
    return aws.rds.ParameterGroup(
        name,
        name=context.name(name, series),
        family=f"mariadb{major}.{minor}",
        description="TLS only, utf8mb4, slow queries logged, nothing runs for ever",
        parameters=[
            aws.rds.ParameterGroupParameterArgs(name=parameter, value=value, apply_method="immediate")
            for parameter, value in sorted(_parameters(config).items())
        ],
        tags=context.tags(name, series),
        # The name holds the series: an upgrade to another one finds both groups.
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _parameters(config: DatabasesConfig) -> Mapping[str, str]:
    parameters = {
        "require_secure_transport": "1",
        "character_set_server": "utf8mb4",
        "collation_server": "utf8mb4_unicode_ci",
        # The read copy applies rows, not statements whose result may differ there.
        "binlog_format": "ROW",
        "slow_query_log": "1",
        "long_query_time": str(config.slow_query_seconds),
        # CloudWatch gets files only.
        "log_output": "FILE",
        # Seconds; 0 is no limit.
        "max_statement_time": str(config.statement_seconds),
        "innodb_lock_wait_timeout": "20",
        # Ten minutes are longer than any pool of the runtime leaves a connection idle.
        "wait_timeout": "600",
    }
    if config.max_connections is not None:
        parameters["max_connections"] = str(config.max_connections)
    return parameters
