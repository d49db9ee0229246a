"""Load balancer, web firewall and certificate. The hosted zone's rights follow when its id is known."""

from collections.abc import Sequence
from typing import Final

import pulumi

from patchbay_infra.delivery.scope import Scope
from patchbay_infra.policy_document import Statement, allow

_BALANCER: Final = "loadbalancer/app/{}*"


def edge_changes(scope: Scope) -> Sequence[Statement]:
    """By name, where the ARN has it; certificates and protections by their tag."""
    return (
        allow(
            ["elasticloadbalancing:*"],
            scope.arn(
                "elasticloadbalancing", _BALANCER, "listener/app/{}*", "listener-rule/app/{}*", "targetgroup/{}*"
            ),
        ),
        # Knows no resource; the firewall's own call, which does, has to be allowed as well.
        allow(["elasticloadbalancing:SetWebAcl"], ["*"]),
        allow(["wafv2:*"], scope.arn("wafv2", "regional/ipset/{}*", "regional/webacl/{}*")),
        # AWS' own rules, which a firewall refers to.
        allow(["wafv2:CreateWebACL", "wafv2:UpdateWebACL"], scope.arn("wafv2", "regional/managedruleset/*")),
        allow(["wafv2:AssociateWebACL", "wafv2:DisassociateWebACL"], scope.arn("elasticloadbalancing", _BALANCER)),
        allow(["acm:RequestCertificate", "shield:CreateProtection"], ["*"], scope.requested),
        allow(
            [
                "acm:DeleteCertificate",
                "acm:RemoveTagsFromCertificate",
                "shield:DeleteProtection",
                "shield:UntagResource",
            ],
            [*scope.arn("acm", "certificate/*"), *scope.globally("shield", "protection/*")],
            scope.owned,
        ),
        *scope.tagging(
            ["acm:AddTagsToCertificate", "shield:TagResource"],
            [*scope.arn("acm", "certificate/*"), *scope.globally("shield", "protection/*")],
        ),
    )


def placed_changes(
    scope: Scope, *, zone_id: pulumi.Input[str], own_zone: bool, vpc_id: pulumi.Input[str]
) -> Sequence[Statement]:
    """What neither a name nor a tag binds, but an id that AWS chose: Route 53 knows no tags in conditions.

    `own_zone`: whether the zone is the environment's, or one that its config names. Private names of the VPC's
    endpoints are put into zones of AWS.
    """
    changes = ["route53:ChangeResourceRecordSets"]
    if own_zone:
        changes += ["route53:ChangeTagsForResource", "route53:DeleteHostedZone", "route53:UpdateHostedZoneComment"]
    own_vpc = pulumi.Output.concat("VPCId=", vpc_id, ",VPCRegion=", scope.context.region)
    return (
        allow(changes, [pulumi.Output.concat("arn:aws:route53:::hostedzone/", zone_id)]),
        allow(
            ["route53:AssociateVPCWithHostedZone"],
            ["arn:aws:route53:::hostedzone/*"],
            {"ForAllValues:StringEquals": {"route53:VPCs": own_vpc}, "Null": {"route53:VPCs": "false"}},
        ),
    )
