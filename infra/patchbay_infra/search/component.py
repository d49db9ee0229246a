"""The environment's search: runs and payloads that operators look through."""

from collections.abc import Mapping
from typing import Final

import pulumi
import pulumi_aws as aws
from patchbay_config.errors import ConfigError

from patchbay_infra.context import Context
from patchbay_infra.data_access import DataNetwork, security_group
from patchbay_infra.search.access import domain_policy, log_publishing, master_role
from patchbay_infra.search.config import SearchConfig

_PORT: Final = 443
# AWS' limit for a domain's name.
_LONGEST_NAME: Final = 28


class Search(pulumi.ComponentResource):
    """An OpenSearch domain in the VPC, with fine-grained access and no password: its master user is an IAM role.

    The account needs OpenSearch's service-linked role, which exists once per account and not per environment:
    `aws iam create-service-linked-role --aws-service-name opensearchservice.amazonaws.com`. `clients`: security group
    ids by name.
    """

    endpoint: pulumi.Output[str]
    domain_arn: pulumi.Output[str]
    domain_name: pulumi.Output[str]
    master_role_arn: pulumi.Output[str]
    security_group_id: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        config: SearchConfig,
        *,
        context: Context,
        network: DataNetwork,
        data_key_arn: pulumi.Input[str],
        logs_key_arn: pulumi.Input[str],
        clients: Mapping[str, pulumi.Input[str]],
        opts: pulumi.ResourceOptions,
    ) -> None:
        domain_name = context.name(name)
        if len(domain_name) > _LONGEST_NAME:
            raise ConfigError(
                f"{name}: the domain's name is longer than {_LONGEST_NAME} characters; shorten the environment's name"
            )
        if config.zone_count > len(context.zones):
            raise ConfigError(f"{name}.zoneCount: more zones than the environment has; lower it")
        super().__init__("patchbay:infra:Search", name, None, opts)
        # Known before the domain is, for the policies that the domain is created with.
        domain_arn = context.arn("es", f"domain/{domain_name}")
        group = security_group(name, context=context, network=network, port=_PORT, clients=clients, parent=self)
        role = master_role(f"{name}-master", config, context=context, domain_arn=domain_arn, parent=self)
        logs, logs_allowed = log_publishing(
            name, config, context=context, domain_arn=domain_arn, key_arn=logs_key_arn, parent=self
        )
        domain = aws.opensearch.Domain(
            name,
            domain_name=domain_name,
            engine_version=config.engine_version,
            cluster_config=_nodes(config),
            ebs_options=aws.opensearch.DomainEbsOptionsArgs(
                ebs_enabled=True, volume_type="gp3", volume_size=config.volume_gib
            ),
            vpc_options=aws.opensearch.DomainVpcOptionsArgs(
                subnet_ids=[network.data_subnet_ids[zone] for zone in context.zones[: config.zone_count]],
                security_group_ids=[group.id],
            ),
            encrypt_at_rest=aws.opensearch.DomainEncryptAtRestArgs(enabled=True, kms_key_id=data_key_arn),
            node_to_node_encryption=aws.opensearch.DomainNodeToNodeEncryptionArgs(enabled=True),
            domain_endpoint_options=aws.opensearch.DomainDomainEndpointOptionsArgs(
                enforce_https=True, tls_security_policy="Policy-Min-TLS-1-2-PFS-2023-10"
            ),
            advanced_security_options=aws.opensearch.DomainAdvancedSecurityOptionsArgs(
                enabled=True,
                internal_user_database_enabled=False,
                master_user_options=aws.opensearch.DomainAdvancedSecurityOptionsMasterUserOptionsArgs(
                    master_user_arn=role.arn
                ),
            ),
            access_policies=domain_policy(context, domain_arn),
            log_publishing_options=logs,
            off_peak_window_options=aws.opensearch.DomainOffPeakWindowOptionsArgs(
                enabled=True,
                off_peak_window=aws.opensearch.DomainOffPeakWindowOptionsOffPeakWindowArgs(
                    window_start_time=aws.opensearch.DomainOffPeakWindowOptionsOffPeakWindowWindowStartTimeArgs(
                        hours=config.quiet_hour, minutes=0
                    )
                ),
            ),
            software_update_options=aws.opensearch.DomainSoftwareUpdateOptionsArgs(auto_software_update_enabled=True),
            tags=context.tags(name),
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=[logs_allowed], protect=context.production, delete_before_replace=True
            ),
        )
        self.endpoint = domain.endpoint
        self.domain_arn = domain.arn
        self.domain_name = domain.domain_name
        self.master_role_arn = role.arn
        self.security_group_id = group.id
        self.register_outputs({"endpoint": self.endpoint, "masterRoleArn": self.master_role_arn})


def _nodes(config: SearchConfig) -> aws.opensearch.DomainClusterConfigArgs:
    masters = config.dedicated_masters
    several = config.zone_count > 1
    return aws.opensearch.DomainClusterConfigArgs(
        instance_type=config.instance_type,
        instance_count=config.instance_count,
        zone_awareness_enabled=several,
        zone_awareness_config=aws.opensearch.DomainClusterConfigZoneAwarenessConfigArgs(
            availability_zone_count=config.zone_count
        )
        if several
        else None,
        dedicated_master_enabled=masters is not None,
        dedicated_master_type=masters.instance_type if masters else None,
        dedicated_master_count=masters.count if masters else None,
    )
