"""The write copy and the read copy of the environment's MariaDB."""

import hashlib
import secrets
from collections.abc import Mapping
from typing import Final

import pulumi
import pulumi_aws as aws
from patchbay_config.errors import ConfigError

from patchbay_infra import backup_tag
from patchbay_infra.context import Context
from patchbay_infra.data_access import DataNetwork, security_group
from patchbay_infra.databases.config import DatabasesConfig, Placement
from patchbay_infra.databases.monitoring import EXPORTED_LOGS, log_groups, monitoring_role
from patchbay_infra.databases.parameters import parameter_group
from patchbay_infra.databases.versions import guard_read_copy, guard_write_copy

_PORT: Final = 3306
# 40 characters: RDS takes 8 to 41 for MariaDB.
_PASSWORD_BYTES: Final = 30


class Databases(pulumi.ComponentResource):
    """One MariaDB on RDS: the write copy, with a standby if it is multi-AZ, and a read copy that follows it.

    The copies never share a zone. AWS takes no fixed zone for a multi-AZ instance, but places the instance and its
    standby only in zones of its subnet group. So the write copy's group leaves out the read copy's zone, and the read
    copy has a group of its own and its zone fixed. The provider takes another group in the same region when the source
    is named by its ARN; a group has to span two zones, hence the second subnet in the read copy's. Sources: RDS' API
    reference on `AvailabilityZone` and `DBSubnetGroupName`, the provider's on `replicateSourceDb`.

    RDS makes no read copy of an instance whose password it keeps in Secrets Manager, so nobody keeps one: see
    `docs/decisions/0023-nobody-keeps-the-master-password.md`.

    `clients`: security group ids by name.
    """

    writer_address: pulumi.Output[str]
    reader_address: pulumi.Output[str]
    port: pulumi.Output[int]
    writer_arn: pulumi.Output[str]
    writer_identifier: pulumi.Output[str]
    writer_resource_id: pulumi.Output[str]
    reader_identifier: pulumi.Output[str]
    security_group_id: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        config: DatabasesConfig,
        *,
        context: Context,
        network: DataNetwork,
        data_key_arn: pulumi.Input[str],
        logs_key_arn: pulumi.Input[str],
        clients: Mapping[str, pulumi.Input[str]],
        opts: pulumi.ResourceOptions,
    ) -> None:
        try:
            self._placement = config.placement(context.zones)
        except ValueError as error:
            raise ConfigError(f"{name}: {error}") from None
        super().__init__("patchbay:infra:Databases", name, None, opts)
        self._name, self._config, self._context = name, config, context
        identifiers = {copy: context.name(name, copy) for copy in ("write", "read")}
        group = security_group(name, context=context, network=network, port=_PORT, clients=clients, parent=self)
        self._security_group_id = group.id
        self._data_key_arn = data_key_arn
        self._subnet_groups = self._spread(network, self._placement)
        self._parameters = parameter_group(
            f"{name}-parameters", config, config.engine_version, context=context, parent=self
        )
        role, allowed = monitoring_role(f"{name}-monitoring", identifiers, context=context, parent=self)
        self._monitoring_role_arn = role.arn
        logs = log_groups(name, identifiers, context=context, days=config.log_days, key_arn=logs_key_arn, parent=self)
        writer = self._write_copy(identifiers["write"], identifiers["read"], after=[allowed, *logs["write"]])
        reader = self._read_copy(identifiers["read"], writer, after=[allowed, *logs["read"]])
        self._copy_to_other_region(writer)

        self.writer_address = writer.address
        self.reader_address = reader.address
        self.port = writer.port
        self.writer_arn = writer.arn
        self.writer_identifier = writer.identifier
        self.writer_resource_id = writer.resource_id
        self.reader_identifier = reader.identifier
        self.security_group_id = group.id
        self.register_outputs(
            {
                "writerAddress": self.writer_address,
                "readerAddress": self.reader_address,
            }
        )

    def _spread(self, network: DataNetwork, placement: Placement) -> Mapping[str, aws.rds.SubnetGroup]:
        zones = {"write": placement.write_zones, "read": (placement.read_zone, placement.write_zones[0])}
        return {
            copy: aws.rds.SubnetGroup(
                f"{self._name}-{copy}",
                name=self._context.name(self._name, copy),
                description=f"Zones of the {copy} copy",
                subnet_ids=[network.data_subnet_ids[zone] for zone in spanned],
                tags=self._context.tags(self._name, copy),
                opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
            )
            for copy, spanned in zones.items()
        }

    def _write_copy(self, identifier: str, reader: str, *, after: list[pulumi.Resource]) -> aws.rds.Instance:
        config, label = self._config, f"{self._name}-write"
        insights = config.performance_insights
        return aws.rds.Instance(
            label,
            identifier=identifier,
            engine="mariadb",
            engine_version=config.engine_version,
            allow_major_version_upgrade=config.moves,
            apply_immediately=config.moves,
            auto_minor_version_upgrade=config.auto_minor_upgrade,
            instance_class=config.write.instance_class,
            multi_az=config.write.multi_az,
            availability_zone=None if config.write.multi_az else self._placement.write_zones[0],
            storage_type="gp3",
            allocated_storage=config.storage_gib,
            max_allocated_storage=config.storage_limit_gib,
            storage_encrypted=True,
            kms_key_id=self._data_key_arn,
            db_subnet_group_name=self._subnet_groups["write"].name,
            vpc_security_group_ids=[self._security_group_id],
            publicly_accessible=False,
            port=_PORT,
            ca_cert_identifier=config.certificate_authority,
            iam_database_authentication_enabled=True,
            username=config.master_user,
            # Another one each time; the provider sends that of the making, and another with another number only.
            # It is good until the first Job that needs the master user sets its own, and known to nobody until then.
            password_wo=pulumi.Output.secret(secrets.token_urlsafe(_PASSWORD_BYTES)),
            password_wo_version=1,
            parameter_group_name=self._parameters.name,
            backup_retention_period=config.backup_days,
            backup_window=config.backup_window,
            maintenance_window=config.maintenance_window,
            copy_tags_to_snapshot=True,
            # Without them, nothing but the final snapshot is left to go back to.
            delete_automated_backups=not self._context.production,
            deletion_protection=config.deletion_protection,
            skip_final_snapshot=config.final_snapshot is None,
            final_snapshot_identifier=self._final_snapshot(identifier),
            monitoring_interval=config.monitoring_seconds,
            monitoring_role_arn=self._monitoring_role_arn,
            performance_insights_enabled=insights,
            performance_insights_kms_key_id=self._data_key_arn if insights else None,
            performance_insights_retention_period=config.performance_insights_days if insights else None,
            enabled_cloudwatch_logs_exports=list(EXPORTED_LOGS),
            tags=self._context.tags(self._name, "write", **{backup_tag.KEY: backup_tag.DAILY}),
            opts=self._instance_options(
                after, guard_write_copy(f"{label}-version", reader=reader, opts=pulumi.InvokeOptions(parent=self))
            ),
        )

    def _read_copy(
        self, identifier: str, writer: aws.rds.Instance, *, after: list[pulumi.Resource]
    ) -> aws.rds.Instance:
        config, label = self._config, f"{self._name}-read"
        insights = config.performance_insights
        backups = config.read.backup_days > 0
        return aws.rds.Instance(
            label,
            identifier=identifier,
            replicate_source_db=writer.arn,
            # The source's, but for a move, in which it goes first.
            engine_version=config.read.engine_version,
            allow_major_version_upgrade=config.moves,
            apply_immediately=config.moves,
            auto_minor_version_upgrade=config.auto_minor_upgrade,
            instance_class=config.read.instance_class,
            multi_az=False,
            availability_zone=self._placement.read_zone,
            max_allocated_storage=config.storage_limit_gib,
            storage_encrypted=True,
            # By its source's key; one that is named is refused, even the same (cloudposse/terraform-aws-rds-replica 5).
            db_subnet_group_name=self._subnet_groups["read"].name,
            vpc_security_group_ids=[self._security_group_id],
            publicly_accessible=False,
            port=_PORT,
            ca_cert_identifier=config.certificate_authority,
            iam_database_authentication_enabled=True,
            parameter_group_name=self._read_parameters().name,
            backup_retention_period=config.read.backup_days,
            backup_window=config.backup_window if backups else None,
            maintenance_window=config.maintenance_window,
            copy_tags_to_snapshot=True,
            deletion_protection=config.deletion_protection,
            # AWS refuses a final snapshot of a replica.
            skip_final_snapshot=True,
            monitoring_interval=config.monitoring_seconds,
            monitoring_role_arn=self._monitoring_role_arn,
            performance_insights_enabled=insights,
            performance_insights_kms_key_id=self._data_key_arn if insights else None,
            performance_insights_retention_period=config.performance_insights_days if insights else None,
            enabled_cloudwatch_logs_exports=list(EXPORTED_LOGS),
            tags=self._context.tags(self._name, "read"),
            opts=self._instance_options(
                after,
                guard_read_copy(f"{label}-version", own=config.read.engine_version, writer=config.engine_version),
            ),
        )

    def _read_parameters(self) -> aws.rds.ParameterGroup:
        """The write copy's, but for a move: then the families differ for a while."""
        version = self._config.read.engine_version
        if version is None:
            return self._parameters
        name = f"{self._name}-read-parameters"
        return parameter_group(name, self._config, version, context=self._context, parent=self)

    def _final_snapshot(self, identifier: str) -> pulumi.Output[str] | None:
        """A name that no earlier database of the environment has left behind, and that no preview changes.

        RDS refuses a second snapshot of a name (terraform-aws-rds pull request 82). AWS makes up the security group's
        id with each life of the environment; the rest is what replaces the instance when it changes.
        """
        word = self._config.final_snapshot
        if word is None:
            return None
        place = "" if self._config.write.multi_az else self._placement.write_zones[0]
        fixed = (self._security_group_id, self._data_key_arn, self._config.master_user, place)
        return pulumi.Output.all(*fixed).apply(
            lambda parts: f"{identifier}-{word}-{hashlib.sha256('|'.join(parts).encode()).hexdigest()[:8]}"
        )

    def _instance_options(
        self, after: list[pulumi.Resource], hooks: pulumi.ResourceHookBinding
    ) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(
            parent=self,
            depends_on=after,
            protect=self._config.deletion_protection,
            delete_before_replace=True,
            hooks=hooks,
        )

    def _copy_to_other_region(self, writer: aws.rds.Instance) -> None:
        config = self._config.cross_region
        if config is None:
            return
        aws.rds.InstanceAutomatedBackupsReplication(
            f"{self._name}-{config.region}",
            region=config.region,
            source_db_instance_arn=writer.arn,
            kms_key_id=config.kms_key_arn,
            retention_period=config.retention_days,
            opts=pulumi.ResourceOptions(parent=self),
        )
