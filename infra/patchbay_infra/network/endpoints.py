"""Services of AWS that are reached without leaving the VPC."""

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network
from typing import Final

import pulumi
from pulumi_aws import ec2, vpc

from patchbay_infra.context import Context
from patchbay_infra.network.config import InterfaceEndpoint
from patchbay_infra.policy_document import allow, document

_OBJECT_ACTIONS: Final = (
    "s3:AbortMultipartUpload",
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:GetBucketLocation",
    "s3:GetObject",
    "s3:GetObjectVersion",
    "s3:ListBucket",
    "s3:ListBucketMultipartUploads",
    "s3:ListBucketVersions",
    "s3:ListMultipartUploadParts",
    "s3:PutObject",
)


class Endpoints(pulumi.ComponentResource):
    """The gateway endpoint of S3 on the given route tables, and interface endpoints in the private subnets.

    Interface endpoints answer on 443 and only to `callers`: networks of nodes and pods by the subnet's name.
    """

    def __init__(
        self,
        name: str,
        *,
        context: Context,
        vpc_id: pulumi.Input[str],
        services: Sequence[InterfaceEndpoint],
        subnet_ids: Mapping[str, pulumi.Input[str]],
        callers: Mapping[str, IPv4Network],
        route_table_ids: Sequence[pulumi.Input[str]],
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("patchbay:infra:Endpoints", name, None, opts)
        # A second endpoint of a service, or group of a name, is refused while the first is there.
        child = pulumi.ResourceOptions(parent=self, delete_before_replace=True)
        ec2.VpcEndpoint(
            f"{name}-s3",
            vpc_id=vpc_id,
            service_name=f"com.amazonaws.{context.region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=list(route_table_ids),
            policy=_s3_policy(context),
            tags=context.tags("s3"),
            opts=child,
        )
        group = ec2.SecurityGroup(
            name,
            name=context.name("endpoints"),
            description="Interface endpoints of AWS services",
            vpc_id=vpc_id,
            tags=context.tags("endpoints"),
            opts=child,
        )
        for caller, network in callers.items():
            vpc.SecurityGroupIngressRule(
                f"{name}-{caller}",
                security_group_id=group.id,
                description=f"HTTPS from {caller}",
                ip_protocol="tcp",
                from_port=443,
                to_port=443,
                cidr_ipv4=str(network),
                tags=context.tags("endpoints", "from", caller),
                opts=child,
            )
        for service in services:
            ec2.VpcEndpoint(
                f"{name}-{service}",
                vpc_id=vpc_id,
                service_name=f"com.amazonaws.{context.region}.{service}",
                vpc_endpoint_type="Interface",
                subnet_ids=list(subnet_ids.values()),
                security_group_ids=[group.id],
                private_dns_enabled=True,
                tags=context.tags(service),
                opts=child,
            )
        self.register_outputs({})


def _s3_policy(context: Context) -> pulumi.Output[str]:
    """This account's principals to this account's buckets, so that nothing is carried out to another's.

    Besides, the bucket from which ECR serves the layers of images, also of those that EKS's add-ons are made of.
    """
    of_this_account = {
        "StringEquals": {"aws:PrincipalAccount": context.account_id, "aws:ResourceAccount": context.account_id}
    }
    layers = f"arn:aws:s3:::prod-{context.region}-starport-layer-bucket/*"
    return document(
        {"Sid": "OwnBuckets", **allow(_OBJECT_ACTIONS, ["*"], of_this_account), "Principal": "*"},
        {"Sid": "ImageLayers", **allow(["s3:GetObject"], [layers]), "Principal": "*"},
    )
