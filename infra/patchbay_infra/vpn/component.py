"""The client VPN endpoint in the private subnets."""

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network

import pulumi
from pulumi_aws import cloudwatch, ec2, ec2clientvpn, vpc

from patchbay_infra.context import Context
from patchbay_infra.network.component import Network
from patchbay_infra.vpn.config import ClientVpnConfig


class ClientVpn(pulumi.ComponentResource):
    """Carries only what goes to the VPC, logs every connection, and lets each group through to its subnets only.

    `security_group_id`: what a private system lets in to be reached by clients.
    """

    endpoint_id: pulumi.Output[str]
    dns_name: pulumi.Output[str]
    security_group_id: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        config: ClientVpnConfig,
        *,
        context: Context,
        network: Network,
        logs_key_arn: pulumi.Input[str],
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("patchbay:infra:ClientVpn", name, None, opts)
        child = pulumi.ResourceOptions(parent=self, delete_before_replace=True)
        group = _security_group(name, context, network, child)
        log_group = cloudwatch.LogGroup(
            name,
            name=context.name("client-vpn"),
            retention_in_days=config.log_days,
            kms_key_id=logs_key_arn,
            tags=context.tags("client-vpn"),
            opts=child,
        )
        endpoint = ec2clientvpn.Endpoint(
            name,
            description=f"Private systems of {context.name()}",
            vpc_id=network.vpc_id,
            client_cidr_block=str(config.client_cidr),
            server_certificate_arn=config.server_certificate_arn,
            authentication_options=[_authentication(config)],
            connection_log_options=ec2clientvpn.EndpointConnectionLogOptionsArgs(
                enabled=True, cloudwatch_log_group=log_group.name
            ),
            security_group_ids=[group.id],
            # The VPC's own resolver, which knows the private names, is its network's third address.
            dns_servers=[str(IPv4Network(network.cidr).network_address + 2)],
            split_tunnel=True,
            self_service_portal="disabled",
            session_timeout_hours=config.session_hours,
            transport_protocol="udp",
            vpn_port=443,
            tags=context.tags("client-vpn"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        for zone, subnet_id in network.private_subnet_ids.items():
            ec2clientvpn.NetworkAssociation(
                f"{name}-{zone}", client_vpn_endpoint_id=endpoint.id, subnet_id=subnet_id, opts=child
            )
        for title, group_id, cidr in _authorizations(config, network):
            ec2clientvpn.AuthorizationRule(
                f"{name}-{title}",
                client_vpn_endpoint_id=endpoint.id,
                target_network_cidr=cidr,
                access_group_id=group_id,
                authorize_all_groups=None if group_id else True,
                description=title,
                opts=child,
            )
        self.endpoint_id = endpoint.id
        self.dns_name = endpoint.dns_name
        self.security_group_id = group.id
        self.register_outputs(
            {"endpointId": self.endpoint_id, "dnsName": self.dns_name, "securityGroupId": self.security_group_id}
        )


def _security_group(name: str, context: Context, network: Network, child: pulumi.ResourceOptions) -> ec2.SecurityGroup:
    group = ec2.SecurityGroup(
        name,
        name=context.name("client-vpn"),
        description="Clients of the VPN",
        vpc_id=network.vpc_id,
        tags=context.tags("client-vpn"),
        opts=child,
    )
    for zone, cidr in network.private_cidrs.items():
        vpc.SecurityGroupEgressRule(
            f"{name}-{zone}",
            security_group_id=group.id,
            description=f"HTTPS to the private subnet of {zone}: the Kubernetes API and private web pages",
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            cidr_ipv4=cidr,
            tags=context.tags("client-vpn", "to", zone),
            opts=child,
        )
    return group


def _authentication(config: ClientVpnConfig) -> ec2clientvpn.EndpointAuthenticationOptionArgs:
    if config.saml_provider_arn:
        return ec2clientvpn.EndpointAuthenticationOptionArgs(
            type="federated-authentication", saml_provider_arn=config.saml_provider_arn
        )
    return ec2clientvpn.EndpointAuthenticationOptionArgs(
        type="certificate-authentication", root_certificate_chain_arn=config.client_root_certificate_arn
    )


def _authorizations(config: ClientVpnConfig, network: Network) -> Iterator[tuple[str, str | None, str]]:
    """Title, group's id (none: everybody who logged in) and network of each rule."""
    tiers: Mapping[str, Mapping[str, str]] = {"private": network.private_cidrs, "data": network.data_cidrs}
    if not config.groups:
        yield from ((f"private-{zone}", None, cidr) for zone, cidr in network.private_cidrs.items())
    for name, group in config.groups.items():
        for tier in group.reaches:
            yield from ((f"{name}-{tier}-{zone}", group.id, cidr) for zone, cidr in tiers[tier].items())
