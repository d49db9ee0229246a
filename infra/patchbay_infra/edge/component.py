"""Everything between the internet and the gateways of an environment's clusters."""

from collections.abc import Mapping

import pulumi
from pulumi_aws import route53, shield, wafv2

from patchbay_infra.context import Context
from patchbay_infra.edge.config import EdgeConfig
from patchbay_infra.edge.domain import Domain
from patchbay_infra.edge.firewall import Firewall
from patchbay_infra.edge.load_balancer import LoadBalancer
from patchbay_infra.edge.routing import Clusters
from patchbay_infra.network.component import Network
from patchbay_infra.platform_demands import PlatformDemands


class Edge(pulumi.ComponentResource):
    """`clusters`: tenants (subdomains) by cluster. Target groups are by cluster; metrics name things by ARN suffix."""

    load_balancer_dns_name: pulumi.Output[str]
    load_balancer_arn_suffix: pulumi.Output[str]
    security_group_id: pulumi.Output[str]
    target_group_arns: Mapping[str, pulumi.Output[str]]
    target_group_arn_suffixes: Mapping[str, pulumi.Output[str]]
    zone_id: pulumi.Output[str]
    name_servers: pulumi.Output[list[str]]
    domain: str

    def __init__(
        self,
        name: str,
        config: EdgeConfig,
        *,
        context: Context,
        network: Network,
        clusters: Clusters,
        demands: PlatformDemands,
        logs_key_arn: pulumi.Input[str],
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("patchbay:infra:Edge", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        domain = Domain(f"{name}-domain", config, context=context, opts=child)
        front = LoadBalancer(
            f"{name}-balancer",
            config,
            context=context,
            network=network,
            clusters=clusters,
            certificate_arn=domain.certificate_arn,
            demands=demands,
            opts=child,
        )
        # Every name below the domain leads to the load balancer, which knows the clusters.
        route53.Record(
            f"{name}-tenants",
            zone_id=domain.zone_id,
            name=domain.wildcard,
            type="A",
            aliases=[
                route53.RecordAliasArgs(
                    name=front.balancer.dns_name, zone_id=front.balancer.zone_id, evaluate_target_health=True
                )
            ],
            opts=child,
        )
        firewall = Firewall(f"{name}-firewall", config, context=context, logs_key_arn=logs_key_arn, opts=child)
        wafv2.WebAclAssociation(name, web_acl_arn=firewall.arn, resource_arn=front.balancer.arn, opts=child)
        if config.shield:
            shield.Protection(
                name,
                name=context.name("edge"),
                resource_arn=front.balancer.arn,
                tags=context.tags("edge"),
                opts=child,
            )
        self.load_balancer_dns_name = front.balancer.dns_name
        self.load_balancer_arn_suffix = front.balancer.arn_suffix
        self.security_group_id = front.security_group_id
        self.target_group_arns = {cluster: group.arn for cluster, group in front.target_groups.items()}
        self.target_group_arn_suffixes = {cluster: group.arn_suffix for cluster, group in front.target_groups.items()}
        self.zone_id, self.name_servers, self.domain = domain.zone_id, domain.name_servers, config.domain
        self.register_outputs(
            {
                "loadBalancerDnsName": self.load_balancer_dns_name,
                "targetGroupArns": self.target_group_arns,
                "zoneId": self.zone_id,
                "nameServers": self.name_servers,
            }
        )
