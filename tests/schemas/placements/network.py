"""Networks, their rules, and the way of people into them: where they go among CloudFormation's types."""

from collections.abc import Mapping
from typing import Final

from tests.schemas.placement import ELSEWHERE, Part, tagged

# IANA's numbers, which NetworkAclEntry wants (docs.aws.amazon.com, AWS::EC2::NetworkAclEntry, Protocol).
_PROTOCOLS: Final = {"-1": -1, "tcp": 6, "udp": 17}

PLACEMENTS: Final[Mapping[str, tuple[Part, ...]]] = {
    "aws:ec2/eip:Eip": (Part(kind="AWS::EC2::EIP"),),
    "aws:ec2/flowLog:FlowLog": (
        Part(
            kind="AWS::EC2::FlowLog",
            names={"vpcId": "ResourceId", "iamRoleArn": "DeliverLogsPermissionArn"},
            given={"ResourceType": "VPC"},
        ),
    ),
    "aws:ec2/internetGateway:InternetGateway": (
        Part(kind="AWS::EC2::InternetGateway", without=("vpcId",)),
        Part(kind="AWS::EC2::VPCGatewayAttachment", only=("vpcId",), given={"InternetGatewayId": ELSEWHERE}),
    ),
    "aws:ec2/launchTemplate:LaunchTemplate": (
        Part(
            kind="AWS::EC2::LaunchTemplate",
            names={
                "name": "LaunchTemplateName",
                "description": "VersionDescription",
                "tags": "TagSpecifications",
                "vpcSecurityGroupIds": "LaunchTemplateData.SecurityGroupIds",
                "metadataOptions": "LaunchTemplateData.MetadataOptions",
                "tagSpecifications": "LaunchTemplateData.TagSpecifications",
                "monitoring": "LaunchTemplateData.Monitoring",
                "userData": "LaunchTemplateData.UserData",
                "blockDeviceMappings": "LaunchTemplateData.BlockDeviceMappings",
                "ebsOptimized": "LaunchTemplateData.EbsOptimized",
                "instanceMarketOptions": "LaunchTemplateData.InstanceMarketOptions",
            },
            encode={"tags": tagged("launch-template")},
        ),
    ),
    "aws:ec2/natGateway:NatGateway": (Part(kind="AWS::EC2::NatGateway"),),
    "aws:ec2/networkAcl:NetworkAcl": (Part(kind="AWS::EC2::NetworkAcl"),),
    "aws:ec2/networkAclAssociation:NetworkAclAssociation": (Part(kind="AWS::EC2::SubnetNetworkAclAssociation"),),
    "aws:ec2/networkAclRule:NetworkAclRule": (
        Part(
            kind="AWS::EC2::NetworkAclEntry",
            names={"fromPort": "PortRange.From", "toPort": "PortRange.To"},
            encode={"protocol": lambda name: _PROTOCOLS.get(name, name)},
        ),
    ),
    "aws:ec2/route:Route": (Part(kind="AWS::EC2::Route"),),
    "aws:ec2/routeTable:RouteTable": (Part(kind="AWS::EC2::RouteTable"),),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": (Part(kind="AWS::EC2::SubnetRouteTableAssociation"),),
    "aws:ec2/securityGroup:SecurityGroup": (
        Part(kind="AWS::EC2::SecurityGroup", names={"name": "GroupName", "description": "GroupDescription"}),
    ),
    "aws:ec2/subnet:Subnet": (Part(kind="AWS::EC2::Subnet"),),
    "aws:ec2/vpc:Vpc": (Part(kind="AWS::EC2::VPC"),),
    "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation": (Part(kind="AWS::EC2::VPCCidrBlock"),),
    "aws:ec2/vpcEndpoint:VpcEndpoint": (Part(kind="AWS::EC2::VPCEndpoint", names={"policy": "PolicyDocument"}),),
    "aws:ec2clientvpn/authorizationRule:AuthorizationRule": (Part(kind="AWS::EC2::ClientVpnAuthorizationRule"),),
    "aws:ec2clientvpn/endpoint:Endpoint": (
        Part(
            kind="AWS::EC2::ClientVpnEndpoint",
            names={
                "tags": "TagSpecifications",
                "authenticationOptions.samlProviderArn": "FederatedAuthentication.SAMLProviderArn",
            },
            encode={"tags": tagged("client-vpn-endpoint")},
        ),
    ),
    "aws:ec2clientvpn/networkAssociation:NetworkAssociation": (
        Part(kind="AWS::EC2::ClientVpnTargetNetworkAssociation"),
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": (
        Part(
            kind="AWS::EC2::SecurityGroupEgress",
            names={
                "referencedSecurityGroupId": "DestinationSecurityGroupId",
                "securityGroupId": "GroupId",
                "cidrIpv4": "CidrIp",
                "prefixListId": "DestinationPrefixListId",
            },
        ),
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": (
        Part(
            kind="AWS::EC2::SecurityGroupIngress",
            names={
                "referencedSecurityGroupId": "SourceSecurityGroupId",
                "securityGroupId": "GroupId",
                "cidrIpv4": "CidrIp",
            },
        ),
    ),
}
