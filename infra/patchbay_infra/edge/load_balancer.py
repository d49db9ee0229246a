"""The load balancer, its listeners, and a target group for each cluster's gateway."""

from collections.abc import Mapping
from typing import Final

import pulumi
from pulumi_aws import ec2, lb, vpc

from patchbay_infra.context import Context
from patchbay_infra.edge.access_logs import AccessLogs
from patchbay_infra.edge.config import EdgeConfig
from patchbay_infra.edge.routing import Clusters, host_rules
from patchbay_infra.network.access_lists import WORLD
from patchbay_infra.network.component import Network
from patchbay_infra.platform_demands import PlatformDemands

# TLS 1.2 and 1.3, with forward secrecy.
_TLS_POLICY: Final = "ELBSecurityPolicy-TLS13-1-2-2021-06"
# Rules of the public subnets' access list from here on are the edge's.
_ACCESS_RULE_START: Final = 1000


class LoadBalancer(pulumi.ComponentResource):
    """Leads a tenant's name to its cluster; a name of nobody's is answered 404.

    The security group lets in HTTPS, and HTTP where it is redirected; what it may send is said by each cluster.
    """

    balancer: lb.LoadBalancer
    security_group_id: pulumi.Output[str]
    target_groups: Mapping[str, lb.TargetGroup]

    def __init__(
        self,
        name: str,
        config: EdgeConfig,
        *,
        context: Context,
        network: Network,
        clusters: Clusters,
        certificate_arn: pulumi.Input[str],
        demands: PlatformDemands,
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("patchbay:infra:LoadBalancer", name, None, opts)
        self._name, self._context, self._network = name, context, network
        # A second one of a name is refused while the first is there.
        self._child = pulumi.ResourceOptions(parent=self, delete_before_replace=True)
        self.security_group_id = self._security_group()
        self._let_in(443)
        self.balancer = self._balancer(config)
        self.target_groups = {cluster: self._target_group(cluster, demands) for cluster in clusters}
        listener = lb.Listener(
            f"{name}-https",
            load_balancer_arn=self.balancer.arn,
            port=443,
            protocol="HTTPS",
            ssl_policy=_TLS_POLICY,
            certificate_arn=certificate_arn,
            default_actions=[
                lb.ListenerDefaultActionArgs(
                    type="fixed-response",
                    fixed_response=lb.ListenerDefaultActionFixedResponseArgs(
                        content_type="text/plain", status_code="404", message_body="Nobody lives at this name."
                    ),
                )
            ],
            tags=context.tags("edge", "https"),
            opts=self._child,
        )
        for rule in host_rules(config, clusters):
            lb.ListenerRule(
                f"{name}-{rule.name}",
                listener_arn=listener.arn,
                priority=rule.priority,
                conditions=[
                    lb.ListenerRuleConditionArgs(
                        host_header=lb.ListenerRuleConditionHostHeaderArgs(values=list(rule.hosts))
                    )
                ],
                actions=[
                    lb.ListenerRuleActionArgs(type="forward", target_group_arn=self.target_groups[rule.cluster].arn)
                ],
                tags=context.tags("edge", rule.name),
                opts=self._child,
            )
        if config.redirect_http:
            self._let_in(80)
            self._redirect()
        self.register_outputs({"securityGroupId": self.security_group_id})

    def _security_group(self) -> pulumi.Output[str]:
        return ec2.SecurityGroup(
            self._name,
            name=self._context.name("edge"),
            description="The load balancer at the edge",
            vpc_id=self._network.vpc_id,
            tags=self._context.tags("edge"),
            opts=self._child,
        ).id

    def _let_in(self, port: int) -> None:
        vpc.SecurityGroupIngressRule(
            f"{self._name}-{port}",
            security_group_id=self.security_group_id,
            description="Tenants and their systems, from anywhere",
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            cidr_ipv4=WORLD,
            tags=self._context.tags("edge", "from-world", str(port)),
            opts=self._child,
        )
        ec2.NetworkAclRule(
            f"{self._name}-{port}",
            network_acl_id=self._network.public_acl_id,
            rule_number=_ACCESS_RULE_START + port,
            egress=False,
            protocol="tcp",
            rule_action="allow",
            cidr_block=WORLD,
            from_port=port,
            to_port=port,
            opts=self._child,
        )

    def _balancer(self, config: EdgeConfig) -> lb.LoadBalancer:
        context = self._context
        logs = AccessLogs(
            f"{self._name}-logs", context=context, days=config.log_days, opts=pulumi.ResourceOptions(parent=self)
        )
        return lb.LoadBalancer(
            self._name,
            name=context.name("edge"),
            load_balancer_type="application",
            internal=False,
            ip_address_type="ipv4",
            subnets=list(self._network.public_subnet_ids.values()),
            security_groups=[self.security_group_id],
            access_logs=lb.LoadBalancerAccessLogsArgs(bucket=logs.bucket, enabled=True),
            desync_mitigation_mode="strictest",
            drop_invalid_header_fields=True,
            preserve_host_header=True,
            enable_deletion_protection=context.production,
            idle_timeout=config.idle_seconds,
            tags=context.tags("edge"),
            opts=pulumi.ResourceOptions(
                parent=self, delete_before_replace=True, protect=context.production, depends_on=[logs.ready]
            ),
        )

    def _target_group(self, cluster: str, demands: PlatformDemands) -> lb.TargetGroup:
        return lb.TargetGroup(
            f"{self._name}-{cluster}",
            name=self._context.name(cluster),
            vpc_id=self._network.vpc_id,
            target_type="instance",
            port=demands.gateway_port,
            protocol="HTTP",
            load_balancing_algorithm_type="least_outstanding_requests",
            # As long as the gateway's longest answer takes.
            deregistration_delay=75,
            health_check=lb.TargetGroupHealthCheckArgs(
                port=str(demands.gateway_health_port),
                protocol="HTTP",
                path="/healthz",
                matcher="200",
                interval=10,
                timeout=5,
                healthy_threshold=2,
                unhealthy_threshold=2,
            ),
            tags=self._context.tags("edge", cluster),
            opts=self._child,
        )

    def _redirect(self) -> None:
        lb.Listener(
            f"{self._name}-http",
            load_balancer_arn=self.balancer.arn,
            port=80,
            protocol="HTTP",
            default_actions=[
                lb.ListenerDefaultActionArgs(
                    type="redirect",
                    redirect=lb.ListenerDefaultActionRedirectArgs(protocol="HTTPS", port="443", status_code="HTTP_301"),
                )
            ],
            tags=self._context.tags("edge", "http"),
            opts=self._child,
        )
