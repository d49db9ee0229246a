"""What joins two resources: its identity follows from theirs."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from patchbay_operations.access import Access

Inputs = Mapping[str, Any]

# In pulumi's spelling of a route's destination, and in EC2's.
_DESTINATIONS: Final = {
    "destinationCidrBlock": "DestinationCidrBlock",
    "destinationIpv6CidrBlock": "DestinationIpv6CidrBlock",
    "destinationPrefixListId": "DestinationPrefixListId",
}


def _route(inputs: Inputs, access: Access) -> Iterator[str]:
    table = _route_table(inputs["routeTableId"], access)
    for ours, theirs in _DESTINATIONS.items():
        wanted = inputs.get(ours)
        if wanted and any(route.get(theirs) == wanted for route in table["Routes"]):
            yield f"{inputs['routeTableId']}_{wanted}"


def _route_table_association(inputs: Inputs, access: Access) -> Iterator[str]:
    table = _route_table(inputs["routeTableId"], access)
    joined = inputs.get("subnetId") or inputs.get("gatewayId")
    if any(joined in {entry.get("SubnetId"), entry.get("GatewayId")} for entry in table["Associations"]):
        yield f"{joined}/{inputs['routeTableId']}"


def _route_table(identifier: str, access: Access) -> dict[str, Any]:
    tables: list[dict[str, Any]] = access.client("ec2").describe_route_tables(RouteTableIds=[identifier])["RouteTables"]
    return tables[0]


def _range(inputs: Inputs, access: Access) -> Iterator[str]:
    for vpc in access.client("ec2").describe_vpcs(VpcIds=[inputs["vpcId"]])["Vpcs"]:
        for entry in vpc["CidrBlockAssociationSet"]:
            if (entry["CidrBlock"], entry["CidrBlockState"]["State"]) == (inputs["cidrBlock"], "associated"):
                yield entry["AssociationId"]


def _acl(identifier: str, access: Access) -> dict[str, Any]:
    acls: list[dict[str, Any]] = access.client("ec2").describe_network_acls(NetworkAclIds=[identifier])["NetworkAcls"]
    return acls[0]


def _acl_rule(inputs: Inputs, access: Access) -> Iterator[str]:
    egress = bool(inputs.get("egress", False))
    for entry in _acl(inputs["networkAclId"], access)["Entries"]:
        if entry["RuleNumber"] == inputs["ruleNumber"] and entry["Egress"] == egress:
            yield f"{inputs['networkAclId']}:{inputs['ruleNumber']}:{inputs['protocol']}:{str(egress).lower()}"


def _acl_association(inputs: Inputs, access: Access) -> Iterator[str]:
    for entry in _acl(inputs["networkAclId"], access)["Associations"]:
        if entry["SubnetId"] == inputs["subnetId"]:
            yield entry["NetworkAclAssociationId"]


def _of_cluster(call: str, identifier: str, parameter: str) -> Callable[[Inputs, Access], Iterator[str]]:
    def find(inputs: Inputs, access: Access) -> Iterator[str]:
        getattr(access.client("eks"), call)(clusterName=inputs["clusterName"], **{parameter: inputs[identifier]})
        yield f"{inputs['clusterName']}:{inputs[identifier]}"

    return find


def _access_policy(inputs: Inputs, access: Access) -> Iterator[str]:
    cluster, principal, policy = inputs["clusterName"], inputs["principalArn"], inputs["policyArn"]
    pages = access.client("eks").get_paginator("list_associated_access_policies")
    for page in pages.paginate(clusterName=cluster, principalArn=principal):
        if any(entry["policyArn"] == policy for entry in page["associatedAccessPolicies"]):
            yield f"{cluster}#{principal}#{policy}"


def _pod_identity(inputs: Inputs, access: Access) -> Iterator[str]:
    cluster = inputs["clusterName"]
    answer = access.client("eks").list_pod_identity_associations(
        clusterName=cluster, namespace=inputs["namespace"], serviceAccount=inputs["serviceAccount"]
    )
    for entry in answer["associations"]:
        yield f"{cluster},{entry['associationId']}"


def _group_tag(inputs: Inputs, access: Access) -> Iterator[str]:
    group, key = inputs["autoscalingGroupName"], inputs["tag"]["key"]
    filters = [{"Name": "auto-scaling-group", "Values": [group]}, {"Name": "key", "Values": [key]}]
    if access.client("autoscaling").describe_tags(Filters=filters)["Tags"]:
        yield f"{group},{key}"


def _listener(inputs: Inputs, access: Access) -> Iterator[str]:
    pages = access.client("elbv2").get_paginator("describe_listeners")
    for page in pages.paginate(LoadBalancerArn=inputs["loadBalancerArn"]):
        for listener in page["Listeners"]:
            if listener["Port"] == inputs["port"]:
                yield listener["ListenerArn"]


def _listener_rule(inputs: Inputs, access: Access) -> Iterator[str]:
    pages = access.client("elbv2").get_paginator("describe_rules")
    for page in pages.paginate(ListenerArn=inputs["listenerArn"]):
        for rule in page["Rules"]:
            if rule["Priority"] == str(inputs["priority"]):
                yield rule["RuleArn"]


def _record(inputs: Inputs, access: Access) -> Iterator[str]:
    name, kind = inputs["name"].rstrip(".") + ".", inputs["type"]
    answer = access.client("route53").list_resource_record_sets(
        HostedZoneId=inputs["zoneId"], StartRecordName=name, StartRecordType=kind, MaxItems="1"
    )
    for record in answer["ResourceRecordSets"]:
        # Route 53 writes an asterisk by its number.
        if record["Name"].replace("\\052", "*") == name and record["Type"] == kind:
            yield f"{inputs['zoneId']}_{inputs['name']}_{kind}"


def _protection(inputs: Inputs, access: Access) -> Iterator[str]:
    yield access.client("shield").describe_protection(ResourceArn=inputs["resourceArn"])["Protection"]["Id"]


def _vpn_association(inputs: Inputs, access: Access) -> Iterator[str]:
    endpoint = inputs["clientVpnEndpointId"]
    answer = access.client("ec2").describe_client_vpn_target_networks(ClientVpnEndpointId=endpoint)
    for network in answer["ClientVpnTargetNetworks"]:
        if network["TargetNetworkId"] == inputs["subnetId"]:
            yield f"{endpoint},{network['AssociationId']}"


def _vpn_authorization(inputs: Inputs, access: Access) -> Iterator[str]:
    endpoint, cidr, group = inputs["clientVpnEndpointId"], inputs["targetNetworkCidr"], inputs.get("accessGroupId")
    answer = access.client("ec2").describe_client_vpn_authorization_rules(ClientVpnEndpointId=endpoint)
    for rule in answer["AuthorizationRules"]:
        if rule["DestinationCidr"] == cidr and (rule.get("GroupId") or None) == group:
            yield ",".join(part for part in (endpoint, cidr, group) if part)


def _backup_selection(inputs: Inputs, access: Access) -> Iterator[str]:
    pages = access.client("backup").get_paginator("list_backup_selections")
    for page in pages.paginate(BackupPlanId=inputs["planId"]):
        for selection in page["BackupSelectionsList"]:
            if selection["SelectionName"] == inputs["name"]:
                yield f"{inputs['planId']}|{selection['SelectionId']}"


def _backup_replication(inputs: Inputs, access: Access) -> Iterator[str]:
    """Kept in the region that the copies go to, which is the resource's own."""
    for page in access.client("rds").get_paginator("describe_db_instance_automated_backups").paginate():
        for backup in page["DBInstanceAutomatedBackups"]:
            if backup.get("DBInstanceArn") == inputs["sourceDbInstanceArn"]:
                yield backup["DBInstanceAutomatedBackupsArn"]


FINDERS: Final[Mapping[str, Callable[[Inputs, Access], Iterator[str]]]] = {
    "aws:autoscaling/tag:Tag": _group_tag,
    "aws:backup/selection:Selection": _backup_selection,
    "aws:ec2/networkAclAssociation:NetworkAclAssociation": _acl_association,
    "aws:ec2/networkAclRule:NetworkAclRule": _acl_rule,
    "aws:ec2/route:Route": _route,
    "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation": _range,
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
