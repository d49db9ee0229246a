"""Cases of the rules about the network and who reaches what."""

from typing import Any

from patchbay_policies import tokens
from patchbay_policies.model import Resource

from tests.policy.case import DEV, Cases, bad, good, made

VPC = made(tokens.VPC, "vpc", {"cidrBlock": "10.0.0.0/16"})


def subnet(name: str, **more: Any) -> Resource:
    return made(tokens.SUBNET, name, {"availabilityZone": "eu-central-1a", **more}, refers={"vpcId": VPC})


def routed(subnet_: Resource, **route: Any) -> list[Resource]:
    """A subnet with a route table of its own, which has one route."""
    table = made(tokens.ROUTE_TABLE, f"{subnet_.name}-table")
    refers = {"routeTableId": table, **({"gatewayId": GATEWAY} if "gatewayId" in route else {})}
    return [
        subnet_,
        table,
        GATEWAY,
        made(tokens.ROUTE, f"{subnet_.name}-route", route, refers=refers),
        made(
            tokens.ROUTE_TABLE_ASSOCIATION,
            f"{subnet_.name}-association",
            refers={"subnetId": subnet_, "routeTableId": table},
        ),
    ]


GATEWAY = made(tokens.INTERNET_GATEWAY, "gateway")
PUBLIC, PRIVATE, DATA, LOOSE = subnet("public-a"), subnet("private-a"), subnet("data-a"), subnet("loose")
TO_INTERNET = {"destinationCidrBlock": "0.0.0.0/0", "gatewayId": "igw-1"}
TO_NAT = {"destinationCidrBlock": "0.0.0.0/0", "natGatewayId": "nat-1"}
SUBNETS = [
    *routed(PUBLIC, **TO_INTERNET),
    *routed(PRIVATE, **TO_NAT),
    *routed(DATA, destinationCidrBlock="10.8.0.0/16", transitGatewayId="tgw-1"),
    LOOSE,
]
INLINE = made(tokens.ROUTE_TABLE, "inline", {"routes": [{"cidrBlock": "0.0.0.0/0", "gatewayId": "igw-1"}]})

NODES = made(tokens.NODE_GROUP, "flows", refers={"subnetIds": [PRIVATE]})
CLUSTER = made(tokens.CLUSTER, "main", {"vpcConfig": {"endpointPrivateAccess": True}}, refers={"vpcConfig": [PRIVATE]})
EDGE_GROUP, DATA_GROUP = made(tokens.SECURITY_GROUP, "edge"), made(tokens.SECURITY_GROUP, "database")
BALANCER = made(tokens.LOAD_BALANCER, "edge", refers={"securityGroups": EDGE_GROUP, "subnets": [PUBLIC]})
NAT = made(tokens.NAT_GATEWAY, "nat-a", refers={"subnetId": PUBLIC})


def ingress(
    cidr: str | None, first: int | None, last: int | None, group: Resource = EDGE_GROUP, **more: Any
) -> Resource:
    props = {"cidrIpv4": cidr, "fromPort": first, "toPort": last, "ipProtocol": "tcp", **more}
    return made(tokens.INGRESS_RULE, "ingress", props, refers={"securityGroupId": group})


def allowlist(*ranges: str) -> Resource:
    return made(tokens.IP_SET, "allowlist", {"addresses": list(ranges)})


def api(**config: Any) -> Resource:
    return made(tokens.CLUSTER, "main", {"vpcConfig": config})


CASES = {
    "nodes-in-private-subnets": Cases(
        good=[good(*SUBNETS, NODES, CLUSTER)],
        bad=[
            bad(*SUBNETS, made(tokens.NODE_GROUP, "n", refers={"subnetIds": [PUBLIC]}), says="which is public"),
            bad(*SUBNETS, made(tokens.NODE_GROUP, "n", refers={"subnetIds": [LOOSE]}), says="without routes"),
            bad(*SUBNETS, made(tokens.NODE_GROUP, "n", {"subnetIds": ["subnet-1"]}), says="no subnet of this program"),
            bad(*SUBNETS, made(tokens.CLUSTER, "main", refers={"vpcConfig": [DATA]}), says="which is isolated"),
            bad(
                PRIVATE,
                INLINE,
                made(tokens.ROUTE_TABLE_ASSOCIATION, "mixed", refers={"subnetId": PRIVATE, "routeTableId": INLINE}),
                NODES,
                says="private-a, which is public",
            ),
        ],
    ),
    "databases-in-isolated-subnets": Cases(
        good=[
            good(
                *SUBNETS,
                made(tokens.DATABASE_SUBNETS, "database", refers={"subnetIds": [DATA]}),
                made(tokens.CACHE_SUBNETS, "cache", refers={"subnetIds": [DATA]}),
                made(tokens.SEARCH, "search", refers={"vpcOptions": [DATA]}),
            )
        ],
        bad=[
            bad(*SUBNETS, made(tokens.DATABASE_SUBNETS, "d", refers={"subnetIds": [PRIVATE]}), says="which is private"),
            bad(*SUBNETS, made(tokens.CACHE_SUBNETS, "c", refers={"subnetIds": [PUBLIC]}), says="which is public"),
            bad(*SUBNETS, made(tokens.SEARCH, "search"), says="no subnet of this program"),
        ],
    ),
    "databases-not-public": Cases(
        good=[
            good(made(tokens.DATABASE, props={"dbSubnetGroupName": "data", "publiclyAccessible": False})),
            good(made(tokens.DATABASE, props={"replicateSourceDb": "writer"})),
            good(made(tokens.CACHE, props={"subnetGroupName": "data"})),
            good(made(tokens.SEARCH, props={"vpcOptions": {"subnetIds": ["subnet-1"]}})),
        ],
        bad=[
            bad(
                made(tokens.DATABASE, props={"dbSubnetGroupName": "data", "publiclyAccessible": True}),
                says="publiclyAccessible is true",
            ),
            bad(made(tokens.DATABASE), says="default network"),
            bad(made(tokens.CACHE), says="default network"),
            bad(made(tokens.SEARCH), says="public endpoint"),
        ],
    ),
    "public-subnets-only-for-the-edge": Cases(
        good=[good(*SUBNETS, BALANCER, NAT, NODES)],
        bad=[
            bad(
                *SUBNETS,
                made("aws:ec2/vpcEndpoint:VpcEndpoint", "secrets", refers={"subnetIds": [PUBLIC]}),
                says="public-a",
            ),
            bad(*SUBNETS, made(tokens.INSTANCE, "jump", refers={"subnetId": PUBLIC}), says="public-a"),
        ],
    ),
    "subnets-have-routes-of-their-own": Cases(
        good=[good(*SUBNETS[:-1]), good(*routed(subnet("open", mapPublicIpOnLaunch=True), **TO_INTERNET))],
        bad=[
            bad(LOOSE, says="no route table of its own"),
            bad(*routed(subnet("p", mapPublicIpOnLaunch=True), **TO_NAT), says="it is private, and gives"),
        ],
    ),
    "no-open-ingress": Cases(
        good=[
            good(ingress("0.0.0.0/0", 443, 443)),
            good(ingress("10.0.0.0/16", 3306, 3306)),
            good(ingress(None, 3306, 3306, referencedSecurityGroupId="sg-1")),
            good(made(tokens.SECURITY_GROUP, props={"ingress": [{"cidrBlocks": ["10.0.0.0/16"], "fromPort": 22}]})),
            good(
                made(
                    tokens.LEGACY_RULE,
                    props={"type": "egress", "cidrBlocks": ["0.0.0.0/0"], "protocol": "-1", "fromPort": 0, "toPort": 0},
                )
            ),
        ],
        bad=[
            bad(ingress("0.0.0.0/0", 22, 22), says="port 22 to 0.0.0.0/0"),
            bad(ingress("0.0.0.0/0", 80, 80), says="port 80 to 0.0.0.0/0"),
            bad(ingress("0.0.0.0/0", 443, 8443), says="ports 443 to 8443"),
            bad(ingress("128.0.0.0/1", 22, 22), says="128.0.0.0/1"),
            bad(ingress(None, 22, 22, cidrIpv6="::/0"), says="::/0"),
            bad(ingress("0.0.0.0/0", None, None, ipProtocol="-1"), says="every port"),
            bad(
                made(
                    tokens.SECURITY_GROUP,
                    props={"ingress": [{"cidrBlocks": ["0.0.0.0/0"], "fromPort": 22, "toPort": 22, "protocol": "tcp"}]},
                ),
                says="port 22",
            ),
            bad(
                made(
                    tokens.LEGACY_RULE,
                    props={"type": "ingress", "cidrBlocks": ["0.0.0.0/0"], "fromPort": 22, "toPort": 22},
                ),
                says="port 22",
            ),
        ],
    ),
    "open-ingress-only-at-the-edge": Cases(
        good=[
            good(EDGE_GROUP, BALANCER, ingress("0.0.0.0/0", 443, 443)),
            good(DATA_GROUP, ingress("10.0.0.0/16", 1, 1)),
        ],
        bad=[
            bad(
                EDGE_GROUP,
                DATA_GROUP,
                BALANCER,
                ingress("0.0.0.0/0", 443, 443, DATA_GROUP),
                says="database, which is no load balancer's",
            ),
            bad(
                EDGE_GROUP,
                BALANCER,
                made(tokens.DATABASE, "writer", refers={"vpcSecurityGroupIds": [EDGE_GROUP]}),
                ingress("0.0.0.0/0", 443, 443),
                says="which writer has as well",
            ),
            bad(
                made(tokens.INGRESS_RULE, "ingress", {"cidrIpv4": "0.0.0.0/0", "securityGroupId": "sg-1"}),
                says="not of this program",
            ),
        ],
    ),
    "no-unlimited-egress": Cases(
        good=[good(made(tokens.EGRESS_RULE, props={"cidrIpv4": "0.0.0.0/0", "ipProtocol": "tcp", "fromPort": 443}))],
        bad=[bad(made(tokens.EGRESS_RULE, props={"cidrIpv4": "0.0.0.0/0", "ipProtocol": "-1"}), says="every protocol")],
    ),
    "allowlists-name-somebody": Cases(
        good=[
            good(allowlist("192.0.2.0/24", "2001:db8::/32")),
            good(api(endpointPublicAccess=True, publicAccessCidrs=["192.0.2.0/24"])),
            good(api(endpointPublicAccess=False)),
            good(made(tokens.VPN_AUTHORIZATION, props={"targetNetworkCidr": "10.0.0.0/16"})),
        ],
        bad=[
            bad(allowlist(), says="addresses is empty"),
            bad(allowlist("192.0.2.0/24", "0.0.0.0/0"), says="the world"),
            bad(allowlist("0.0.0.0/1", "128.0.0.0/1"), says="0.0.0.0/1, 128.0.0.0/1"),
            bad(allowlist("::/0"), says="::/0"),
            bad(api(endpointPublicAccess=True), says="publicAccessCidrs is empty"),
            bad(api(publicAccessCidrs=["0.0.0.0/0"]), says="0.0.0.0/0"),
            bad(made(tokens.VPN_AUTHORIZATION, props={"targetNetworkCidr": "0.0.0.0/0"}), says="targetNetworkCidr"),
        ],
    ),
    "network-defaults-closed": Cases(
        good=[good(made(tokens.DEFAULT_SECURITY_GROUP, props={"ingress": []})), good(made(tokens.DEFAULT_ACL))],
        bad=[
            bad(made(tokens.DEFAULT_SECURITY_GROUP, props={"ingress": [{"self": True}]}), says="ingress rules"),
            bad(made(tokens.DEFAULT_ACL, props={"egress": [{"action": "allow"}]}), says="egress rules"),
        ],
    ),
    "nat-per-zone-in-production": Cases(
        good=[good(VPC, *SUBNETS, NAT), good(VPC, *SUBNETS, environment=DEV)],
        bad=[
            bad(
                VPC,
                *SUBNETS,
                *routed(subnet("private-b", availabilityZone="eu-central-1b"), **TO_NAT),
                NAT,
                says="zones eu-central-1b",
            )
        ],
    ),
    "flow-logs-on": Cases(
        good=[good(VPC, made(tokens.FLOW_LOG, "flows", refers={"vpcId": VPC}))],
        bad=[bad(VPC, made(tokens.FLOW_LOG, "other"), says="no flow log")],
    ),
}
