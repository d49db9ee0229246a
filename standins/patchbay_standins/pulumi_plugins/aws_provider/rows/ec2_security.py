"""EC2: security group rules, network ACLs, and the groups and ACLs that every VPC comes with."""

import binascii
from collections.abc import Iterator, Mapping
from typing import Any, Final

from patchbay_standins.pulumi_plugins.aws_provider.fields import ec2_tags
from patchbay_standins.pulumi_plugins.aws_provider.resource import Resource, Values
from patchbay_standins.pulumi_plugins.aws_provider.row import Call, Field, Row, Update
from patchbay_standins.pulumi_plugins.aws_provider.rows.ec2_network import revoke_rules
from patchbay_standins.pulumi_plugins.plugin.errors import ProviderError

# The rule that ends every list, and cannot be deleted.
_LAST_RULE: Final = 32767
_PROTOCOLS: Final = {"-1": "all", "1": "icmp", "6": "tcp", "17": "udp", "58": "ipv6-icmp"}
_SOURCES: Final = {
    "cidrIpv4": ("IpRanges", "CidrIp"),
    "cidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
    "prefixListId": ("PrefixListIds", "PrefixListId"),
    "referencedSecurityGroupId": ("UserIdGroupPairs", "GroupId"),
}
_RULE_INPUTS: Final = ("ipProtocol", "fromPort", "toPort", "description", *_SOURCES)


def _authorize(operation: str) -> Any:
    def create(resource: Resource) -> dict[str, Any]:
        inputs = resource.inputs
        permission: dict[str, Any] = {"IpProtocol": inputs["ipProtocol"], **_ports(inputs)}
        for name, (member, key) in _SOURCES.items():
            if inputs.get(name):
                description = {"Description": inputs["description"]} if inputs.get("description") else {}
                permission[member] = [{key: inputs[name], **description}]
        parameters: dict[str, Any] = {"GroupId": inputs["securityGroupId"], "IpPermissions": [permission]}
        if inputs.get("tags"):
            tags = [{"Key": key, "Value": value} for key, value in inputs["tags"].items()]
            parameters["TagSpecifications"] = [{"ResourceType": "security-group-rule", "Tags": tags}]
        return dict(resource.call(operation, **parameters)["SecurityGroupRules"][0])

    return create


def _modify_rule(resource: Resource) -> None:
    inputs = resource.inputs
    rule: dict[str, Any] = {"IpProtocol": inputs["ipProtocol"], **_ports(inputs)}
    rule |= {"Description": inputs["description"]} if inputs.get("description") else {}
    members = {
        "cidrIpv4": "CidrIpv4",
        "cidrIpv6": "CidrIpv6",
        "prefixListId": "PrefixListId",
        "referencedSecurityGroupId": "ReferencedGroupId",
    }
    rule |= {member: inputs[name] for name, member in members.items() if inputs.get(name)}
    change = {"SecurityGroupRuleId": resource.id, "SecurityGroupRule": rule}
    resource.call("modify_security_group_rules", GroupId=inputs["securityGroupId"], SecurityGroupRules=[change])


def _other_kind(old: Values, new: Values) -> Iterator[str]:
    """A rule's peer changes within its kind only: an address range does not become a group."""
    yield from (name for name in _SOURCES if bool(old.get(name)) != bool(new.get(name)))


def _ports(inputs: Values) -> dict[str, int]:
    members = {"fromPort": "FromPort", "toPort": "ToPort"}
    return {member: inputs[name] for name, member in members.items() if inputs.get(name) is not None}


def _group_rule(direction: str, operation: str, revoke: str) -> Row:
    return Row(
        f"aws:vpc/securityGroup{direction}Rule:SecurityGroup{direction}Rule",
        "ec2",
        create=_authorize(operation),
        id="{SecurityGroupRuleId}",
        read=Call("describe_security_group_rules", {"SecurityGroupRuleIds": ["{id}"]}, at="SecurityGroupRules[0]"),
        updates=(Update(_RULE_INPUTS, _modify_rule),),
        delete=Call(revoke, {"GroupId": "{securityGroupId}", "SecurityGroupRuleIds": ["{id}"]}),
        fields=(
            Field("securityGroupId", aws="GroupId"),
            Field("referencedSecurityGroupId", read="ReferencedGroupInfo.GroupId"),
            # AWS has -1 where a rule is for all ports.
            Field("fromPort", decode=lambda port: None if port == -1 else port),
            Field("toPort", decode=lambda port: None if port == -1 else port),
        ),
        outputs={"arn": "arn:aws:ec2:{region}:{account}:security-group-rule/{id}"},
        tags=ec2_tags("security-group-rule"),
        handles=("securityGroupId", "tags", *_RULE_INPUTS),
        replaced=_other_kind,
    )


def _adopt_group(resource: Resource) -> dict[str, Any]:
    """The group that a VPC comes with, without its rules."""
    filters = [{"Name": "vpc-id", "Values": [resource.inputs["vpcId"]]}, {"Name": "group-name", "Values": ["default"]}]
    group = resource.call("describe_security_groups", Filters=filters)["SecurityGroups"][0]
    revoke_rules(resource, group["GroupId"])
    return dict(group)


def _adopt_acl(resource: Resource) -> dict[str, Any]:
    """The ACL that a VPC comes with, without its rules: it lets nothing pass."""
    identifier = resource.inputs["defaultNetworkAclId"]
    acl = resource.call("describe_network_acls", NetworkAclIds=[identifier])["NetworkAcls"][0]
    for entry in acl["Entries"]:
        if entry["RuleNumber"] != _LAST_RULE:
            resource.call(
                "delete_network_acl_entry",
                NetworkAclId=identifier,
                RuleNumber=entry["RuleNumber"],
                Egress=entry["Egress"],
            )
    return dict(acl)


def _protocol_number(protocol: Any) -> str:
    text = str(protocol).lower()
    return next((number for number, name in _PROTOCOLS.items() if text == name), text)


def _rule_id(acl: str, number: int, egress: bool, protocol: str) -> str:
    text = f"{acl}-{number}-{str(egress).lower()}-{protocol}-"
    return f"nacl-{binascii.crc32(text.encode())}"


def _create_acl_rule(resource: Resource) -> dict[str, str]:
    inputs = resource.inputs
    protocol = _protocol_number(inputs["protocol"])
    parameters: dict[str, Any] = {
        "NetworkAclId": inputs["networkAclId"],
        "RuleNumber": inputs["ruleNumber"],
        "Egress": bool(inputs.get("egress")),
        "Protocol": protocol,
        "RuleAction": inputs["ruleAction"].lower(),
    }
    for name, member in (("cidrBlock", "CidrBlock"), ("ipv6CidrBlock", "Ipv6CidrBlock")):
        if inputs.get(name):
            parameters[member] = inputs[name]
    if protocol in ("6", "17"):
        if inputs.get("fromPort") is None or inputs.get("toPort") is None:
            message = f"rule {inputs['ruleNumber']}: fromPort and toPort are required for this protocol"
            raise ProviderError(message)
        parameters["PortRange"] = {"From": inputs["fromPort"], "To": inputs["toPort"]}
    if protocol in ("1", "58"):
        parameters["IcmpTypeCode"] = {"Type": inputs.get("icmpType", -1), "Code": inputs.get("icmpCode", -1)}
    resource.call("create_network_acl_entry", **parameters)
    egress = bool(inputs.get("egress"))
    return {"Id": _rule_id(inputs["networkAclId"], inputs["ruleNumber"], egress, inputs["protocol"])}


def _read_acl_rule(resource: Resource) -> dict[str, Any] | None:
    """The rule with the checksum in the id, or the one in an import's `acl:number:protocol:egress`."""
    acl, _, rest = resource.id.partition(":")
    acl = acl if rest else str(resource.value("networkAclId") or "")
    ids: dict[str, Any] = {"NetworkAclIds": [acl]} if acl else {}
    for found in resource.call("describe_network_acls", **ids)["NetworkAcls"]:
        for entry in found["Entries"]:
            number, egress = entry["RuleNumber"], entry["Egress"]
            for protocol in (entry["Protocol"], _PROTOCOLS.get(entry["Protocol"], "")):
                identifier = _rule_id(found["NetworkAclId"], number, egress, protocol)
                text = f"{found['NetworkAclId']}:{number}:{protocol}:{str(egress).lower()}"
                if resource.id in (identifier, text):
                    return {**entry, "NetworkAclId": found["NetworkAclId"], "Id": identifier}
    return None


def _delete_acl_rule(resource: Resource) -> None:
    inputs = resource.inputs
    resource.call(
        "delete_network_acl_entry",
        NetworkAclId=inputs["networkAclId"],
        RuleNumber=inputs["ruleNumber"],
        Egress=bool(inputs.get("egress")),
    )


def _associate_acl(resource: Resource) -> dict[str, str]:
    """A subnet has one ACL at any time: the new one takes the place of the VPC's."""
    current = _association(resource, resource.inputs["subnetId"])
    answer = resource.call(
        "replace_network_acl_association",
        AssociationId=current["NetworkAclAssociationId"],
        NetworkAclId=resource.inputs["networkAclId"],
    )
    return {"Id": str(answer["NewAssociationId"])}


def _disassociate_acl(resource: Resource) -> None:
    current = _association(resource, resource.inputs["subnetId"])
    acl = resource.call("describe_network_acls", NetworkAclIds=[current["NetworkAclId"]])["NetworkAcls"][0]
    filters = [{"Name": "vpc-id", "Values": [acl["VpcId"]]}, {"Name": "default", "Values": ["true"]}]
    default = resource.call("describe_network_acls", Filters=filters)["NetworkAcls"][0]
    resource.call(
        "replace_network_acl_association",
        AssociationId=current["NetworkAclAssociationId"],
        NetworkAclId=default["NetworkAclId"],
    )


def _association(resource: Resource, subnet: str) -> Mapping[str, str]:
    filters = [{"Name": "association.subnet-id", "Values": [subnet]}]
    for acl in resource.call("describe_network_acls", Filters=filters)["NetworkAcls"]:
        for association in acl["Associations"]:
            if association["SubnetId"] == subnet:
                return dict(association)
    message = f"the subnet {subnet} has no network ACL: it is gone"
    raise ProviderError(message)


_NO_INLINE_RULES: Final = (Field("ingress", aws="", read=""), Field("egress", aws="", read=""))

ROWS = (
    _group_rule("Ingress", "authorize_security_group_ingress", "revoke_security_group_ingress"),
    _group_rule("Egress", "authorize_security_group_egress", "revoke_security_group_egress"),
    Row(
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        "ec2",
        create=_adopt_group,
        id="{GroupId}",
        read=Call("describe_security_groups", {"GroupIds": ["{id}"]}, at="SecurityGroups[0]"),
        fields=(Field("name", aws="GroupName"), *_NO_INLINE_RULES),
        outputs={"arn": "arn:aws:ec2:{region}:{account}:security-group/{id}"},
        tags=ec2_tags("security-group"),
        handles=("vpcId",),
        required=("vpcId",),
    ),
    Row(
        "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl",
        "ec2",
        create=_adopt_acl,
        id="{NetworkAclId}",
        read=Call("describe_network_acls", {"NetworkAclIds": ["{id}"]}, at="NetworkAcls[0]"),
        fields=(
            Field("defaultNetworkAclId", aws="NetworkAclId"),
            Field("subnetIds", read="Associations[].SubnetId"),
            *_NO_INLINE_RULES,
        ),
        outputs={"arn": "arn:aws:ec2:{region}:{account}:network-acl/{id}"},
        tags=ec2_tags("network-acl"),
        handles=("defaultNetworkAclId",),
    ),
    Row(
        "aws:ec2/networkAcl:NetworkAcl",
        "ec2",
        create=Call("create_network_acl", at="NetworkAcl"),
        id="{NetworkAclId}",
        read=Call("describe_network_acls", {"NetworkAclIds": ["{id}"]}, at="NetworkAcls[0]"),
        delete=Call("delete_network_acl", {"NetworkAclId": "{id}"}),
        fields=(Field("subnetIds", read="Associations[].SubnetId"), *_NO_INLINE_RULES),
        outputs={"arn": "arn:aws:ec2:{region}:{account}:network-acl/{id}"},
        tags=ec2_tags("network-acl"),
    ),
    Row(
        "aws:ec2/networkAclRule:NetworkAclRule",
        "ec2",
        create=_create_acl_rule,
        id="{Id}",
        read=_read_acl_rule,
        delete=_delete_acl_rule,
        fields=(
            Field("protocol", normal=_protocol_number),
            Field("egress", default=False),
            Field("fromPort", read="PortRange.From"),
            Field("toPort", read="PortRange.To"),
            Field("icmpType", read="IcmpTypeCode.Type"),
            Field("icmpCode", read="IcmpTypeCode.Code"),
        ),
        handles=(
            "networkAclId",
            "ruleNumber",
            "egress",
            "protocol",
            "ruleAction",
            "cidrBlock",
            "ipv6CidrBlock",
            "fromPort",
            "toPort",
            "icmpType",
            "icmpCode",
        ),
        name="ruleNumber",
    ),
    Row(
        "aws:ec2/networkAclAssociation:NetworkAclAssociation",
        "ec2",
        create=_associate_acl,
        id="{Id}",
        read=Call(
            "describe_network_acls",
            {"Filters": [{"Name": "association.association-id", "Values": ["{id}"]}]},
            at="NetworkAcls[].Associations[] | [?NetworkAclAssociationId=={id}] | [0]",
        ),
        delete=_disassociate_acl,
        handles=("subnetId", "networkAclId"),
        name="subnetId",
    ),
)
