"""Who may reach what by a Client VPN endpoint."""

from patchbay_standins.aws.operations.ec2.client_vpn_records import endpoint_of, page
from patchbay_standins.aws.operations.ec2.service import SERVICE
from patchbay_standins.aws.service import AwsError, Call, Result


@SERVICE.operation("AuthorizeClientVpnIngress")
def authorize_client_vpn_ingress(call: Call) -> Result:
    endpoint = endpoint_of(call)
    group, everyone = call.get("AccessGroupId", ""), call.get("AuthorizeAllGroups", False)
    # awsdocs/aws-cloudformation-user-guide 583
    if not group and not everyone:
        raise AwsError("MissingParameter", "You must specify either access-group-id or authorize-all-groups")
    if group and everyone:
        raise AwsError("InvalidParameterCombination", "Give either AccessGroupId or AuthorizeAllGroups")
    block = call["TargetNetworkCidr"]
    if (block, group) in endpoint.rules:
        raise AwsError(
            "InvalidClientVpnDuplicateAuthorizationRule",
            f"Authorization rule for {block} and this group exists already",
        )
    endpoint.rules[block, group] = {
        "ClientVpnEndpointId": endpoint.id,
        "Description": call.get("Description", ""),
        "GroupId": group,
        "AccessAll": everyone,
        "DestinationCidr": block,
        "Status": {"Code": "active"},
    }
    return {"Status": {"Code": "authorizing"}}


@SERVICE.operation("DescribeClientVpnAuthorizationRules")
def describe_client_vpn_authorization_rules(call: Call) -> Result:
    filters = {"description": "Description", "destination-cidr": "DestinationCidr", "group-id": "GroupId"}
    return page(call, "AuthorizationRules", list(endpoint_of(call).rules.values()), filters)


@SERVICE.operation("RevokeClientVpnIngress")
def revoke_client_vpn_ingress(call: Call) -> Result:
    endpoint = endpoint_of(call)
    group = "" if call.get("RevokeAllGroups") else call.get("AccessGroupId", "")
    if endpoint.rules.pop((call["TargetNetworkCidr"], group), None) is None:
        raise AwsError(
            "InvalidClientVpnEndpointAuthorizationRuleNotFound",
            f"There is no authorization rule for {call['TargetNetworkCidr']} and this group",
        )
    return {"Status": {"Code": "revoking"}}
