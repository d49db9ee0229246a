"""What joins two resources: its identity follows from theirs."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from patchbay_operations.access import Access

Inputs = Mapping[str, Any]

# In pulumi's spelling of a route's destination, and in EC2's.
_DESTINATIONS: Final = {
    "destinationCidrBlock": "DestinationCidrBlock",
    "destinationIpv6CidrBlock": "DestinationIpv6CidrBlock",
    "destinationPrefixListId": "DestinationPrefixListId",
}


def _route(inputs: Inputs, access: Access) -> str | None:
    table = _route_table(inputs["routeTableId"], access)
    for ours, theirs in _DESTINATIONS.items():
        wanted = inputs.get(ours)
        if wanted and any(route.get(theirs) == wanted for route in table["Routes"]):
            return f"{inputs['routeTableId']}_{wanted}"
    return None


def _route_table_association(inputs: Inputs, access: Access) -> str | None:
    table = _route_table(inputs["routeTableId"], access)
    joined = inputs.get("subnetId") or inputs.get("gatewayId")
    if any(joined in {entry.get("SubnetId"), entry.get("GatewayId")} for entry in table["Associations"]):
        return f"{joined}/{inputs['routeTableId']}"
    return None


def _route_table(identifier: str, access: Access) -> dict[str, Any]:
    tables: list[dict[str, Any]] = access.client("ec2").describe_route_tables(RouteTableIds=[identifier])["RouteTables"]
    return tables[0]


def _acl(identifier: str, access: Access) -> dict[str, Any]:
    acls: list[dict[str, Any]] = access.client("ec2").describe_network_acls(NetworkAclIds=[identifier])["NetworkAcls"]
    return acls[0]


def _acl_rule(inputs: Inputs, access: Access) -> str | None:
    egress = bool(inputs.get("egress", False))
    for entry in _acl(inputs["networkAclId"], access)["Entries"]:
        if entry["RuleNumber"] == inputs["ruleNumber"] and entry["Egress"] == egress:
            return f"{inputs['networkAclId']}:{inputs['ruleNumber']}:{inputs['protocol']}:{str(egress).lower()}"
    return None


def _acl_association(inputs: Inputs, access: Access) -> str | None:
    for entry in _acl(inputs["networkAclId"], access)["Associations"]:
        if entry["SubnetId"] == inputs["subnetId"]:
            return str(entry["NetworkAclAssociationId"])
    return None


def _of_cluster(call: str, identifier: str, parameter: str, separator: str = ":") -> Callable[[Inputs, Access], str]:
    def find(inputs: Inputs, access: Access) -> str:
        getattr(access.client("eks"), call)(clusterName=inputs["clusterName"], **{parameter: inputs[identifier]})
        return f"{inputs['clusterName']}{separator}{inputs[identifier]}"

    return find


def _access_policy(inputs: Inputs, access: Access) -> str | None:
    cluster, principal, policy = inputs["clusterName"], inputs["principalArn"], inputs["policyArn"]
    answer = access.client("eks").list_associated_access_policies(clusterName=cluster, principalArn=principal)
    if any(entry["policyArn"] == policy for entry in answer["associatedAccessPolicies"]):
        return f"{cluster}#{principal}#{policy}"
    return None


def _pod_identity(inputs: Inputs, access: Access) -> str | None:
    cluster = inputs["clusterName"]
    answer = access.client("eks").list_pod_identity_associations(
        clusterName=cluster, namespace=inputs["namespace"], serviceAccount=inputs["serviceAccount"]
    )
    return next((f"{cluster},{entry['associationId']}" for entry in answer["associations"]), None)


def _group_tag(inputs: Inputs, access: Access) -> str | None:
    group, key = inputs["autoscalingGroupName"], inputs["tag"]["key"]
    filters = [{"Name": "auto-scaling-group", "Values": [group]}, {"Name": "key", "Values": [key]}]
    return f"{group},{key}" if access.client("autoscaling").describe_tags(Filters=filters)["Tags"] else None


def _listener(inputs: Inputs, access: Access) -> str | None:
    listeners = access.client("elbv2").describe_listeners(LoadBalancerArn=inputs["loadBalancerArn"])["Listeners"]
    return next((item["ListenerArn"] for item in listeners if item["Port"] == inputs["port"]), None)


def _listener_rule(inputs: Inputs, access: Access) -> str | None:
    rules = access.client("elbv2").describe_rules(ListenerArn=inputs["listenerArn"])["Rules"]
    return next((item["RuleArn"] for item in rules if item["Priority"] == str(inputs["priority"])), None)


def _record(inputs: Inputs, access: Access) -> str | None:
    name, kind = inputs["name"].rstrip(".") + ".", inputs["type"]
    answer = access.client("route53").list_resource_record_sets(
        HostedZoneId=inputs["zoneId"], StartRecordName=name, StartRecordType=kind, MaxItems="1"
    )
    for record in answer["ResourceRecordSets"]:
        if record["Name"].replace("\\052", "*") == name and record["Type"] == kind:
            return f"{inputs['zoneId']}_{inputs['name']}_{kind}"
    return None


def _protection(inputs: Inputs, access: Access) -> str | None:
    return str(access.client("shield").describe_protection(ResourceArn=inputs["resourceArn"])["Protection"]["Id"])


def _vpn_association(inputs: Inputs, access: Access) -> str | None:
    endpoint = inputs["clientVpnEndpointId"]
    answer = access.client("ec2").describe_client_vpn_target_networks(ClientVpnEndpointId=endpoint)
    for network in answer["ClientVpnTargetNetworks"]:
        if network["TargetNetworkId"] == inputs["subnetId"]:
            return f"{endpoint},{network['AssociationId']}"
    return None


def _vpn_authorization(inputs: Inputs, access: Access) -> str | None:
    endpoint, cidr, group = inputs["clientVpnEndpointId"], inputs["targetNetworkCidr"], inputs.get("accessGroupId")
    answer = access.client("ec2").describe_client_vpn_authorization_rules(ClientVpnEndpointId=endpoint)
    for rule in answer["AuthorizationRules"]:
        if rule["DestinationCidr"] == cidr and (rule.get("GroupId") or None) == group:
            return ",".join(part for part in (endpoint, cidr, group) if part)
    return None


def _backup_replication(inputs: Inputs, access: Access) -> str | None:
    """Kept in the region that the copies go to."""
    client = access.client("rds", region=inputs.get("region"))
    for backup in client.describe_db_instance_automated_backups()["DBInstanceAutomatedBackups"]:
        if backup.get("DBInstanceArn") == inputs["sourceDbInstanceArn"]:
            return str(backup["DBInstanceAutomatedBackupsArn"])
    return None


FINDERS: Final[Mapping[str, Callable[[Inputs, Access], str | None]]] = {
    "aws:autoscaling/tag:Tag": _group_tag,
    "aws:ec2/networkAclAssociation:NetworkAclAssociation": _acl_association,
    "aws:ec2/networkAclRule:NetworkAclRule": _acl_rule,
    "aws:ec2/route:Route": _route,
    "aws:ec2/routeTableAssociation:RouteTableAssociation": _route_table_association,
    "aws:ec2clientvpn/authorizationRule:AuthorizationRule": _vpn_authorization,
    "aws:ec2clientvpn/networkAssociation:NetworkAssociation": _vpn_association,
    "aws:eks/accessEntry:AccessEntry": _of_cluster("describe_access_entry", "principalArn", "principalArn"),
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": _access_policy,
    "aws:eks/addon:Addon": _of_cluster("describe_addon", "addonName", "addonName"),
    "aws:eks/nodeGroup:NodeGroup": _of_cluster("describe_nodegroup", "nodeGroupName", "nodegroupName"),
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": _pod_identity,
    "aws:lb/listener:Listener": _listener,
    "aws:lb/listenerRule:ListenerRule": _listener_rule,
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": _backup_replication,
    "aws:route53/record:Record": _record,
    "aws:shield/protection:Protection": _protection,
}
