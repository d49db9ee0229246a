"""Cases of the rules about the network and who reaches what."""

from typing import Any

from patchbay_policies import tokens
from patchbay_policies.model import Resource

from tests.policy.case import DEV, Cases, bad, good, made

VPC = made(tokens.VPC, "vpc", {"cidrBlock": "10.0.0.0/16"})


def subnet(name: str, tier: str, **more: Any) -> Resource:
    props = {"tags": {"patchbay:tier": tier}, "availabilityZone": "eu-central-1a", **more}
    return made(tokens.SUBNET, name, props, refers={"vpcId": VPC})


PUBLIC, PRIVATE, DATA = subnet("public-a", "public"), subnet("private-a", "private"), subnet("data-a", "data")
UNTAGGED = made(tokens.SUBNET, "untagged", {"tags": {"Name": "untagged"}})

GATEWAY = made(tokens.INTERNET_GATEWAY, "gateway")
TABLE = made(tokens.ROUTE_TABLE, "table")


def routed(subnet_: Resource, **route: Any) -> list[Resource]:
    """A subnet with a route table of one route."""
    refers = {"routeTableId": TABLE, **({"gatewayId": GATEWAY} if "gatewayId" in route else {})}
    return [
        subnet_,
        TABLE,
        GATEWAY,
        made(tokens.ROUTE, "out", route, refers=refers),
        made(tokens.ROUTE_TABLE_ASSOCIATION, "association", refers={"subnetId": subnet_, "routeTableId": TABLE}),
    ]


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
        good=[good(PUBLIC, PRIVATE, DATA, NODES, CLUSTER)],
        bad=[
            bad(PUBLIC, made(tokens.NODE_GROUP, "flows", refers={"subnetIds": [PUBLIC]}), says="public-a"),
            bad(UNTAGGED, made(tokens.NODE_GROUP, "flows", refers={"subnetIds": [UNTAGGED]}), says="untagged"),
            bad(PRIVATE, made(tokens.NODE_GROUP, "flows", {"subnetIds": ["subnet-1"]}), says="no subnet of this"),
            bad(DATA, made(tokens.CLUSTER, "main", refers={"vpcConfig": [DATA]}), says="data-a"),
        ],
    ),
    "databases-in-isolated-subnets": Cases(
        good=[
            good(
                DATA,
                PRIVATE,
                made(tokens.DATABASE_SUBNETS, "database", refers={"subnetIds": [DATA]}),
                made(tokens.CACHE_SUBNETS, "cache", refers={"subnetIds": [DATA]}),
                made(tokens.SEARCH, "search", refers={"vpcOptions": [DATA]}),
            )
        ],
        bad=[
            bad(PRIVATE, made(tokens.DATABASE_SUBNETS, "database", refers={"subnetIds": [PRIVATE]}), says="private-a"),
            bad(PUBLIC, made(tokens.CACHE_SUBNETS, "cache", refers={"subnetIds": [PUBLIC]}), says="public-a"),
            bad(DATA, made(tokens.SEARCH, "search"), says="no subnet of this program"),
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
        good=[good(PUBLIC, PRIVATE, BALANCER, NAT, NODES)],
        bad=[
            bad(
                PUBLIC,
                made("aws:ec2/vpcEndpoint:VpcEndpoint", "secrets", refers={"subnetIds": [PUBLIC]}),
                says="public-a",
            ),
            bad(PUBLIC, made(tokens.INSTANCE, "jump", refers={"subnetId": PUBLIC}), says="public-a"),
        ],
    ),
    "subnets-are-what-their-tier-says": Cases(
        good=[
            good(*routed(PUBLIC, destinationCidrBlock="0.0.0.0/0", gatewayId="igw-1")),
            good(*routed(PRIVATE, destinationCidrBlock="0.0.0.0/0", natGatewayId="nat-1")),
            good(*routed(DATA, destinationCidrBlock="10.8.0.0/16", transitGatewayId="tgw-1")),
        ],
        bad=[
            bad(*routed(PRIVATE, destinationCidrBlock="0.0.0.0/0", gatewayId="igw-1"), says="an internet gateway"),
            bad(*routed(DATA, destinationCidrBlock="0.0.0.0/0", natGatewayId="nat-1"), says="out of the network"),
            bad(*routed(DATA, destinationIpv6CidrBlock="::/0", natGatewayId="nat-1"), says="out of the network"),
            bad(subnet("private-b", "private", mapPublicIpOnLaunch=True), says="a public address"),
            bad(subnet("lonely", "shared"), says="is 'shared'"),
            bad(UNTAGGED, says="is None"),
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
        good=[
            good(VPC, PUBLIC, PRIVATE, NAT),
            good(VPC, PUBLIC, PRIVATE, environment=DEV),
        ],
        bad=[
            bad(
                VPC,
                PUBLIC,
                PRIVATE,
                subnet("private-b", "private", availabilityZone="eu-central-1b"),
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
