"""The VPC of an environment: three tiers of subnets over its zones, and the ways out of them."""

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network
from typing import Final

import pulumi
from pulumi_aws import ec2

from patchbay_infra.context import Context
from patchbay_infra.network.access_lists import WORLD, AccessLists
from patchbay_infra.network.address_plan import divide
from patchbay_infra.network.config import NetworkConfig
from patchbay_infra.network.endpoints import Endpoints
from patchbay_infra.network.flow_logs import FlowLogs

# By these tags Kubernetes' load balancer controllers find the subnets of a balancer.
_ROLE_TAGS: Final[Mapping[str, Mapping[str, str]]] = {
    "public": {"kubernetes.io/role/elb": "1"},
    "private": {"kubernetes.io/role/internal-elb": "1"},
    "pods": {},
    "data": {},
}

Ids = Mapping[str, pulumi.Output[str]]


class Network(pulumi.ComponentResource):
    """Public subnets hold load balancers and NAT, private ones the nodes, data ones what keeps data.

    Pods have subnets of their own where the config gives them ranges; they are private ones in all but that.
    Ids and networks of subnets are by zone; `nat_addresses` by the zone that the NAT gateway stands in. The data
    subnets' only routes are the VPC's own and S3's.
    """

    vpc_id: pulumi.Output[str]
    cidr: str
    public_subnet_ids: Ids
    private_subnet_ids: Ids
    pod_subnet_ids: Ids
    data_subnet_ids: Ids
    private_cidrs: Mapping[str, str]
    data_cidrs: Mapping[str, str]
    nat_addresses: Ids
    public_acl_id: pulumi.Output[str]
    data_acl_id: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        config: NetworkConfig,
        *,
        context: Context,
        logs_key_arn: pulumi.Input[str],
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("patchbay:infra:Network", name, None, opts)
        self._name, self._context = name, context
        self._child = pulumi.ResourceOptions(parent=self)
        plan = divide(config.cidr, context.zones, config.pod_ranges)
        self.cidr = str(config.cidr)
        self.private_cidrs = {zone: str(network) for zone, network in plan.private.items()}
        self.data_cidrs = {zone: str(network) for zone, network in plan.data.items()}

        self._vpc = ec2.Vpc(
            name,
            cidr_block=self.cidr,
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags=context.tags("network"),
            opts=pulumi.ResourceOptions(parent=self, protect=context.production),
        )
        self.vpc_id = self._vpc.id
        ec2.DefaultSecurityGroup(f"{name}-default", vpc_id=self.vpc_id, tags=context.tags("default"), opts=self._child)
        self.public_subnet_ids = self._subnets("public", plan.public)
        ranges = self._associations(config.pod_ranges)
        # Clusters are made in these, and a control plane may take an hour to know a range that comes after it (EKS'
        # user guide, "VPC and subnet requirements").
        self.private_subnet_ids = self._subnets("private", plan.private, after=ranges)
        self.pod_subnet_ids = self._subnets("pods", plan.pods, after=ranges)
        self.data_subnet_ids = self._subnets("data", plan.data)
        tables = self._routes(nat_per_zone=config.nat_per_zone)

        lists = AccessLists(
            f"{name}-acl",
            context=context,
            vpc=self._vpc,
            plan=plan,
            subnet_ids={
                "public": self.public_subnet_ids,
                "private": self.private_subnet_ids,
                "pods": self.pod_subnet_ids,
                "data": self.data_subnet_ids,
            },
            opts=self._child,
        )
        self.public_acl_id = lists.public_id
        self.data_acl_id = lists.data_id
        Endpoints(
            f"{name}-endpoint",
            context=context,
            vpc_id=self.vpc_id,
            services=config.interface_endpoints,
            subnet_ids=self.private_subnet_ids,
            callers={**plan.private, **{f"pods-{zone}": network for zone, network in plan.pods.items()}},
            route_table_ids=tables,
            opts=self._child,
        )
        FlowLogs(
            f"{name}-flow-logs",
            context=context,
            vpc_id=self.vpc_id,
            days=config.flow_log_days,
            logs_key_arn=logs_key_arn,
            opts=self._child,
        )
        self.register_outputs({"vpcId": self.vpc_id, "natAddresses": self.nat_addresses})

    def _associations(self, ranges: Sequence[IPv4Network]) -> list[pulumi.Resource]:
        return [
            ec2.VpcIpv4CidrBlockAssociation(
                f"{self._name}-pods-{network.network_address}",
                vpc_id=self.vpc_id,
                cidr_block=str(network),
                opts=self._child,
            )
            for network in ranges
        ]

    def _subnets(self, tier: str, networks: Mapping[str, IPv4Network], *, after: Sequence[pulumi.Resource] = ()) -> Ids:
        return {
            zone: ec2.Subnet(
                f"{self._name}-{tier}-{zone}",
                vpc_id=self.vpc_id,
                availability_zone=zone,
                cidr_block=str(network),
                map_public_ip_on_launch=False,
                # What the subnet is meant for: the checks in AWS hold its routes and its inhabitants to it.
                tags=self._context.tags(tier, zone, **{"patchbay:tier": tier}, **_ROLE_TAGS[tier]),
                # Two subnets of the same addresses are refused.
                opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True, depends_on=list(after)),
            ).id
            for zone, network in networks.items()
        }

    def _routes(self, *, nat_per_zone: bool) -> list[pulumi.Output[str]]:
        """Routes of all tiers; returns the private and data tables."""
        gateway = ec2.InternetGateway(
            self._name, vpc_id=self.vpc_id, tags=self._context.tags("network"), opts=self._child
        )
        public = self._table("public", self.public_subnet_ids)
        outward = ec2.Route(
            f"{self._name}-public",
            route_table_id=public,
            destination_cidr_block=WORLD,
            gateway_id=gateway.id,
            opts=self._child,
        )
        zones = self._context.zones
        addresses = {zone: self._nat_address(zone) for zone in (zones if nat_per_zone else zones[:1])}
        self.nat_addresses = {zone: address.public_ip for zone, address in addresses.items()}
        nats = {zone: self._nat(zone, address, outward) for zone, address in addresses.items()}
        private = []
        for zone in zones:
            table = self._table(f"private-{zone}", {zone: self.private_subnet_ids[zone]})
            if zone in self.pod_subnet_ids:
                self._follow(table, f"pods-{zone}", self.pod_subnet_ids[zone])
            ec2.Route(
                f"{self._name}-private-{zone}",
                route_table_id=table,
                destination_cidr_block=WORLD,
                nat_gateway_id=nats.get(zone, nats[zones[0]]).id,
                opts=self._child,
            )
            private.append(table)
        return [*private, self._table("data", self.data_subnet_ids)]

    def _table(self, title: str, subnet_ids: Ids) -> pulumi.Output[str]:
        table = ec2.RouteTable(
            f"{self._name}-{title}", vpc_id=self.vpc_id, tags=self._context.tags(title), opts=self._child
        )
        for zone, subnet_id in subnet_ids.items():
            self._follow(table.id, f"{title}-{zone}", subnet_id)
        return table.id

    def _follow(self, table: pulumi.Output[str], title: str, subnet_id: pulumi.Output[str]) -> None:
        ec2.RouteTableAssociation(
            f"{self._name}-{title}",
            route_table_id=table,
            subnet_id=subnet_id,
            # A subnet has one table at a time.
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )

    def _nat_address(self, zone: str) -> ec2.Eip:
        return ec2.Eip(
            f"{self._name}-nat-{zone}",
            domain="vpc",
            tags=self._context.tags("nat", zone),
            # Customers put it on their allowlists.
            opts=pulumi.ResourceOptions(parent=self, protect=self._context.production),
        )

    def _nat(self, zone: str, address: ec2.Eip, outward: ec2.Route) -> ec2.NatGateway:
        return ec2.NatGateway(
            f"{self._name}-nat-{zone}",
            subnet_id=self.public_subnet_ids[zone],
            allocation_id=address.id,
            tags=self._context.tags("nat", zone),
            # An address is held by one gateway at a time; without the route to the internet gateway it leads nowhere.
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True, depends_on=[outward]),
        )
