"""Everything of an environment that has network interfaces in its VPC."""

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network
from typing import Any

from patchbay_operations.access import Access
from patchbay_operations.network.model import Actor, Kind


def actors(access: Access, vpc: str, subnets: frozenset[str]) -> Iterator[Actor]:
    """Every actor with an interface in one of these subnets."""
    for found in (_load_balancers, _clusters, _databases, _caches, _search, _endpoints, _vpn):
        for actor in found(access, vpc):
            if subnets.issuperset(actor.subnets):
                yield actor


def api_allowlists(access: Access, vpc: str) -> dict[str, tuple[IPv4Network, ...]]:
    """The networks that may call each cluster's public endpoint; empty where it has none."""
    return {
        cluster["name"]: tuple(IPv4Network(text) for text in config.get("publicAccessCidrs", []))
        if config.get("endpointPublicAccess")
        else ()
        for cluster in _described_clusters(access, vpc)
        if (config := cluster["resourcesVpcConfig"])
    }


def _load_balancers(access: Access, vpc: str) -> Iterator[Actor]:
    for page in access.client("elbv2").get_paginator("describe_load_balancers").paginate():
        for balancer in page["LoadBalancers"]:
            if balancer["VpcId"] == vpc:
                yield Actor(
                    balancer["LoadBalancerName"],
                    Kind.LOAD_BALANCER,
                    tuple(zone["SubnetId"] for zone in balancer["AvailabilityZones"]),
                    tuple(balancer.get("SecurityGroups", [])),
                    public=balancer["Scheme"] == "internet-facing",
                )


def _described_clusters(access: Access, vpc: str) -> Iterator[dict[str, Any]]:
    eks = access.client("eks")
    for page in eks.get_paginator("list_clusters").paginate():
        for name in page["clusters"]:
            cluster = eks.describe_cluster(name=name)["cluster"]
            if cluster["resourcesVpcConfig"].get("vpcId", vpc) == vpc:
                yield cluster


def _clusters(access: Access, vpc: str) -> Iterator[Actor]:
    eks = access.client("eks")
    for cluster in _described_clusters(access, vpc):
        config = cluster["resourcesVpcConfig"]
        own = [config["clusterSecurityGroupId"]] if config.get("clusterSecurityGroupId") else []
        groups = (*own, *config.get("securityGroupIds", []))
        yield Actor(cluster["name"], Kind.CONTROL_PLANE, tuple(config["subnetIds"]), groups)
        for page in eks.get_paginator("list_nodegroups").paginate(clusterName=cluster["name"]):
            for name in page["nodegroups"]:
                group = eks.describe_nodegroup(clusterName=cluster["name"], nodegroupName=name)["nodegroup"]
                # Without groups in its launch template EKS gives nodes the cluster's own.
                joined = _template_groups(access, group) or tuple(own)
                yield Actor(f"{cluster['name']}/{name}", Kind.NODES, tuple(group["subnets"]), joined)


def _template_groups(access: Access, node_group: Mapping[str, Any]) -> tuple[str, ...]:
    template = node_group.get("launchTemplate")
    if not template:
        return ()
    versions = access.client("ec2").describe_launch_template_versions(
        LaunchTemplateId=template["id"], Versions=[str(template["version"])]
    )["LaunchTemplateVersions"]
    data = versions[0]["LaunchTemplateData"]
    interfaces = data.get("NetworkInterfaces") or [{}]
    return tuple(data.get("SecurityGroupIds") or interfaces[0].get("Groups") or ())


def _databases(access: Access, vpc: str) -> Iterator[Actor]:
    for page in access.client("rds").get_paginator("describe_db_instances").paginate():
        for instance in page["DBInstances"]:
            group = instance["DBSubnetGroup"]
            if group["VpcId"] == vpc:
                yield Actor(
                    instance["DBInstanceIdentifier"],
                    Kind.DATABASE,
                    tuple(subnet["SubnetIdentifier"] for subnet in group["Subnets"]),
                    tuple(entry["VpcSecurityGroupId"] for entry in instance["VpcSecurityGroups"]),
                    public=instance.get("PubliclyAccessible", False),
                )


def _caches(access: Access, vpc: str) -> Iterator[Actor]:
    client = access.client("elasticache")
    placed = {
        group["CacheSubnetGroupName"]: tuple(subnet["SubnetIdentifier"] for subnet in group["Subnets"])
        for page in client.get_paginator("describe_cache_subnet_groups").paginate()
        for group in page["CacheSubnetGroups"]
        if group.get("VpcId", vpc) == vpc
    }
    seen = set()
    for page in client.get_paginator("describe_cache_clusters").paginate():
        for member in page["CacheClusters"]:
            name = member.get("ReplicationGroupId") or member["CacheClusterId"]
            if name not in seen and member.get("CacheSubnetGroupName") in placed:
                seen.add(name)
                groups = tuple(entry["SecurityGroupId"] for entry in member.get("SecurityGroups", []))
                yield Actor(name, Kind.CACHE, placed[member["CacheSubnetGroupName"]], groups)


def _search(access: Access, vpc: str) -> Iterator[Actor]:
    client = access.client("opensearch")
    for entry in client.list_domain_names()["DomainNames"]:
        domain = client.describe_domain(DomainName=entry["DomainName"])["DomainStatus"]
        options = domain.get("VPCOptions") or {}
        if options.get("VPCId", vpc) == vpc:
            yield Actor(
                domain["DomainName"],
                Kind.SEARCH,
                tuple(options.get("SubnetIds", [])),
                tuple(options.get("SecurityGroupIds", [])),
                public=not options.get("SubnetIds"),
            )


def _endpoints(access: Access, vpc: str) -> Iterator[Actor]:
    filters = [{"Name": "vpc-id", "Values": [vpc]}]
    for page in access.client("ec2").get_paginator("describe_vpc_endpoints").paginate(Filters=filters):
        for endpoint in page["VpcEndpoints"]:
            if endpoint["VpcEndpointType"] == "Interface":
                yield Actor(
                    endpoint["ServiceName"].split(".", 3)[3],
                    Kind.ENDPOINT,
                    tuple(endpoint["SubnetIds"]),
                    tuple(group["GroupId"] for group in endpoint["Groups"]),
                )


def _vpn(access: Access, vpc: str) -> Iterator[Actor]:
    client = access.client("ec2")
    for endpoint in client.describe_client_vpn_endpoints()["ClientVpnEndpoints"]:
        if endpoint.get("VpcId") != vpc:
            continue
        networks = client.describe_client_vpn_target_networks(ClientVpnEndpointId=endpoint["ClientVpnEndpointId"])
        yield Actor(
            endpoint["ClientVpnEndpointId"],
            Kind.VPN,
            tuple(network["TargetNetworkId"] for network in networks["ClientVpnTargetNetworks"]),
            tuple(endpoint.get("SecurityGroupIds", [])),
        )
