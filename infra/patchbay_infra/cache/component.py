"""A cluster's cache: what carries processes from shape to shape."""

from collections.abc import Mapping, Sequence
from typing import Final

import pulumi
import pulumi_aws as aws
from patchbay_config.errors import ConfigError

from patchbay_infra.cache.config import CacheConfig
from patchbay_infra.context import Context
from patchbay_infra.data_access import DataNetwork, security_group

_PORT: Final = 6379
# AWS' limits for ids of replication groups and of users.
_LONGEST_ID: Final = 40

# The runtime's keys and channels start with `patchbay:`. Of what is dangerous it needs INFO, to learn how long the
# server is up; TIME is in no category of its own.
_ACCESS: Final = " ".join(
    (
        "on ~patchbay:* &patchbay:* -@all",
        "+@read +@write +@connection +@transaction +@scripting +@pubsub",
        "-@dangerous -@admin +info +time",
    )
)


class Cache(pulumi.ComponentResource):
    """A Valkey replication group without sharding, which refuses writes when full rather than evict a process.

    Connections are encrypted, and only the user `user_name` has access: it authenticates with short-lived tokens of
    IAM, so that no password exists. A user group of Valkey's needs no `default` user, and without one there is none to
    connect as. `clients`: security group ids by name. `member_ids`: of the nodes, by which CloudWatch knows them.
    """

    address: pulumi.Output[str]
    port: pulumi.Output[int]
    user_name: pulumi.Output[str]
    user_arn: pulumi.Output[str]
    replication_group_id: pulumi.Output[str]
    replication_group_arn: pulumi.Output[str]
    member_ids: Sequence[pulumi.Output[str]]
    security_group_id: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        config: CacheConfig,
        *,
        context: Context,
        network: DataNetwork,
        data_key_arn: pulumi.Input[str],
        logs_key_arn: pulumi.Input[str],
        clients: Mapping[str, pulumi.Input[str]],
        opts: pulumi.ResourceOptions,
    ) -> None:
        if len(context.name(name)) > _LONGEST_ID:
            raise ConfigError(
                f"{name}: the cache's id is longer than {_LONGEST_ID} characters; shorten the name of the "
                "environment or of the cluster"
            )
        super().__init__("patchbay:infra:Cache", name, None, opts)
        self._name, self._context = name, context
        group = security_group(name, context=context, network=network, port=_PORT, clients=clients, parent=self)
        user = self._user()
        replicated = config.replicated
        replication_group = aws.elasticache.ReplicationGroup(
            name,
            replication_group_id=context.name(name),
            description=f"Queues of processes, {context.environment}",
            engine="valkey",
            engine_version=config.engine_version,
            auto_minor_version_upgrade=config.auto_minor_upgrade,
            node_type=config.node_type,
            cluster_mode="disabled",
            num_cache_clusters=config.nodes,
            multi_az_enabled=replicated,
            automatic_failover_enabled=replicated,
            port=_PORT,
            transit_encryption_enabled=True,
            transit_encryption_mode="required",
            at_rest_encryption_enabled=True,
            kms_key_id=data_key_arn,
            parameter_group_name=self._parameters(config).name,
            subnet_group_name=self._subnets(network).name,
            security_group_ids=[group.id],
            user_group_ids=[self._users(user).user_group_id],
            snapshot_retention_limit=config.snapshot_days,
            snapshot_window=config.snapshot_window,
            maintenance_window=config.maintenance_window,
            log_delivery_configurations=self._logs(config, logs_key_arn),
            tags=context.tags(name),
            opts=pulumi.ResourceOptions(parent=self, protect=context.production, delete_before_replace=True),
        )
        self.address = replication_group.primary_endpoint_address
        self.port = replication_group.port.apply(lambda port: port or _PORT)
        self.user_name = user.user_name
        self.user_arn = user.arn
        self.replication_group_id = replication_group.id
        self.replication_group_arn = replication_group.arn
        self.member_ids = [
            pulumi.Output.concat(replication_group.id, f"-{node:03}") for node in range(1, config.nodes + 1)
        ]
        self.security_group_id = group.id
        self.register_outputs({"address": self.address, "userName": self.user_name})

    def _user(self) -> aws.elasticache.User:
        # With IAM, AWS asks for a name that is the same as the id.
        user_name = self._context.name(self._name)
        return aws.elasticache.User(
            f"{self._name}-runtime",
            user_id=user_name,
            user_name=user_name,
            engine="valkey",
            access_string=_ACCESS,
            authentication_mode=aws.elasticache.UserAuthenticationModeArgs(type="iam"),
            tags=self._context.tags(self._name),
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )

    def _users(self, user: aws.elasticache.User) -> aws.elasticache.UserGroup:
        return aws.elasticache.UserGroup(
            f"{self._name}-users",
            user_group_id=self._context.name(self._name),
            engine="valkey",
            user_ids=[user.user_id],
            tags=self._context.tags(self._name),
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )

    def _parameters(self, config: CacheConfig) -> aws.elasticache.ParameterGroup:
        return aws.elasticache.ParameterGroup(
            f"{self._name}-parameters",
            name=self._context.name(self._name, config.family),
            family=config.family,
            description="Refuses writes when full, evicts nothing",
            parameters=[aws.elasticache.ParameterGroupParameterArgs(name="maxmemory-policy", value="noeviction")],
            tags=self._context.tags(self._name, config.family),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _subnets(self, network: DataNetwork) -> aws.elasticache.SubnetGroup:
        return aws.elasticache.SubnetGroup(
            f"{self._name}-subnets",
            name=self._context.name(self._name),
            description=f"Data subnets of {self._context.environment}",
            subnet_ids=list(network.data_subnet_ids.values()),
            tags=self._context.tags(self._name),
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )

    def _logs(
        self, config: CacheConfig, logs_key_arn: pulumi.Input[str]
    ) -> list[aws.elasticache.ReplicationGroupLogDeliveryConfigurationArgs]:
        # AWS may write to groups below this path without a policy of ours for each.
        groups = {
            log: aws.cloudwatch.LogGroup(
                f"{self._name}-{log}",
                name=f"/aws/vendedlogs/elasticache/{self._context.name(self._name)}/{log}",
                retention_in_days=config.log_days,
                kms_key_id=logs_key_arn,
                tags=self._context.tags(self._name, log),
                opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
            )
            for log in ("slow-log", "engine-log")
        }
        return [
            aws.elasticache.ReplicationGroupLogDeliveryConfigurationArgs(
                destination=group.name, destination_type="cloudwatch-logs", log_format="json", log_type=log
            )
            for log, group in groups.items()
        ]
