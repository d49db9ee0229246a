"""What is left of an environment after its destruction, by two witnesses: its tags, and the account's inventory."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from patchbay_operations.access import Access, answers
from patchbay_operations.inventory.item import Item
from patchbay_operations.inventory.read import inventory

# The program's own; what `make bootstrap` made bears another maker, and stays.
_MAKER: Final = {"Key": "patchbay:managed-by", "Values": ["pulumi"]}
# Tags outlive what they are on for a while (the tagging API tells of deleted things, too), so of what the inventory
# lists in any case, the inventory is believed: service and kind, as ARNs have them.
_LISTED: Final = frozenset(
    {
        *(
            f"ec2:{kind}"
            for kind in (
                "vpc",
                "subnet",
                "internet-gateway",
                "elastic-ip",
                "natgateway",
                "route-table",
                "network-acl",
                "security-group",
                "vpc-endpoint",
                "vpc-flow-log",
                "launch-template",
                "client-vpn-endpoint",
                "instance",
                "network-interface",
                "volume",
            )
        ),
        *(f"rds:{kind}" for kind in ("db", "subgrp", "pg", "snapshot")),
        *(f"elasticache:{kind}" for kind in ("replicationgroup", "cluster", "user", "usergroup", "subnetgroup")),
        "elasticache:parametergroup",
        "eks:cluster",
        "eks:nodegroup",
        "es:domain",
        "s3:",
        "sns:",
        "logs:log-group",
        "cloudwatch:alarm",
        "ecr:repository",
        "secretsmanager:secret",
        "kms:key",  # but for those that wait for their deletion: nothing is paid for them, and nobody can use them
        "acm:certificate",
        "iam:role",
        "iam:policy",
        "iam:oidc-provider",
        "elasticloadbalancing:loadbalancer",
        "elasticloadbalancing:targetgroup",
        "wafv2:regional",
        "route53:hostedzone",
        "autoscaling:autoScalingGroup",
    }
)
# What goes with the group, the load balancer or the cluster that it is a part of.
_PARTS: Final = frozenset(
    {
        "ec2:security-group-rule",
        "elasticloadbalancing:listener",
        "elasticloadbalancing:listener-rule",
        "eks:access-entry",
        "eks:addon",
        "eks:podidentityassociation",
    }
)


def left(access: Access, environment: str, *, kept: frozenset[str]) -> list[str]:
    """Each in one line. `kept`: identifiers of what was there before and stays, such as the state's bucket."""
    items = [item for item in inventory(access) if item.identifier not in kept and item.name not in kept]
    tagged = list(_tagged(access, [environment]))
    others = set(_tagged(access, [])) - set(tagged)
    named = [item for item in items if _is_named(item, environment) and not any(_is_of(item, arn) for arn in others)]
    by_tag = [item for item in items if item not in named and any(_is_of(item, arn) for arn in tagged)]
    unlisted = [arn for arn in tagged if _kind(arn) not in _LISTED | _PARTS]
    return sorted({*(_told(item) for item in (*named, *by_tag)), *unlisted})


def sweep(access: Access, environment: str) -> list[str]:
    """Delete the environment's log groups that came to life again, and name them.

    A service's last lines make its log group anew, without tags and for ever, after Pulumi has deleted it; the next
    deployment would fail on the name (terraform-aws-eks issues 920 and 2763, for EKS).
    """
    logs = access.client("logs")
    groups = [group for answer in answers(logs, "describe_log_groups") for group in answer["logGroups"]]
    swept = []
    for group in groups:
        name = str(group["logGroupName"])
        # No service gives tags: what has any was made by somebody.
        if _is_named_so(name, environment) and not _tags_of_log_group(logs, group["arn"]):
            logs.delete_log_group(logGroupName=name)
            swept.append(name)
    return swept


def _tags_of_log_group(logs: Any, arn: str) -> Mapping[str, str]:
    tags: Mapping[str, str] = logs.list_tags_for_resource(resourceArn=arn.removesuffix(":*"))["tags"]
    return tags


def _tagged(access: Access, environments: Sequence[str]) -> Iterator[str]:
    """What the program made in these environments; none named: in all."""
    filters = [{"Key": "patchbay:environment", "Values": list(environments)}, _MAKER]
    for answer in answers(access.client("resourcegroupstaggingapi"), "get_resources", TagFilters=filters):
        for mapping in answer["ResourceTagMappingList"]:
            yield str(mapping["ResourceARN"])


def _is_named(item: Item, environment: str) -> bool:
    return any(_is_named_so(text, environment) for text in (item.identifier, item.name))


def _is_named_so(text: str, environment: str) -> bool:
    """From the beginning, or from a part of a path or an ARN: `our-patchbay-dev-notes` is somebody else's."""
    # AWS wants the first for the firewall's log group, and puts the second before a domain's name.
    pattern = rf"(^|[/:])(aws-waf-logs-|vpc-)?patchbay(-{environment}(-|$)|/{environment}(/|$))"
    return re.search(pattern, text) is not None


def _is_of(item: Item, arn: str) -> bool:
    tail = arn.replace("/", ":").rpartition(":")[2]
    return arn == item.identifier or tail in (item.identifier, item.identifier.rpartition("/")[2])


def _kind(arn: str) -> str:
    """`ec2:subnet`, `rds:db`; `s3:` where an ARN has a name only."""
    service, resource = arn.split(":", maxsplit=5)[2::3]
    head = resource.replace("/", ":").partition(":")
    return f"{service}:{head[0] if head[1] else ''}"


def _told(item: Item) -> str:
    return f"{item.kind} {item.name or item.identifier}".rstrip() + (f" ({item.identifier})" if item.name else "")
