"""The resources that a call is about, of the kinds that AWS judges its action by."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from moto.autoscaling.models import autoscaling_backends
from moto.kms.models import kms_backends

from patchbay_standins.aws.record import ec2, values
from patchbay_standins.aws.record.reference import Kind
from patchbay_standins.aws.service import Call

# Where a call has what an ARN's template calls by another name than the parameter.
_PATHS: Final[Mapping[str, Mapping[str, Sequence[str]]]] = {
    "budgets": {"BudgetName": ("BudgetName", "Budget.BudgetName")},
    "cloudwatch": {"AlarmName": ("AlarmName", "AlarmNames")},
    "ecr": {"RepositoryName": ("repositoryName", "repositoryNames")},
    "eks": {"ClusterName": ("clusterName", "name"), "UUID": ("associationId",)},
    "elasticache": {"UserGroupId": ("UserGroupId", "UserGroupIds"), "UserId": ("UserId", "UserIds")},
    "elasticloadbalancing": {"LoadBalancerName": ("Name",), "TargetGroupName": ("Name",)},
    "es": {"DomainName": ("DomainName", "DomainNames")},
    "iam": {
        "OidcProviderName": ("Url",),
        "PolicyNameWithPath": ("PolicyName",),
        "RoleNameWithPath": ("RoleName",),
    },
    "kms": {"Alias": ("AliasName",), "KeyId": ("KeyId", "TargetKeyId")},
    "logs": {"LogGroupName": ("logGroupName",), "LogStreamName": ("logStreamName",)},
    "rds": {
        "DbInstanceName": ("DBInstanceIdentifier", "SourceDBInstanceIdentifier"),
        "ParameterGroupName": ("DBParameterGroupName",),
        "SnapshotName": ("DBSnapshotIdentifier", "FinalDBSnapshotIdentifier"),
        "SubnetGroupName": ("DBSubnetGroupName",),
    },
    "route53": {"Id": ("HostedZoneId", "Id", "ResourceId"), "VpcId": ("VPC.VPCId",)},
    "s3": {"BucketName": ("Bucket",), "ObjectName": ("Key", "Delete.Objects.Key")},
    "secretsmanager": {"SecretId": ("SecretId", "Name")},
    "shield": {"Id": ("ProtectionId",)},
    "sns": {"TopicName": ("Name",)},
}
# Variables that AWS makes up, which a caller need not know, and that of what things are in.
_MADE_UP: Final = ("Id", "UUID")
_CONTAINERS: Final = frozenset({"BucketName", "ClusterName", "LogGroupName", "Scope"})
# What services put before an identifier.
_PREFIXES: Final = ("alias/", "/hostedzone/", "hostedzone/", "/change/", "https://")


def of(kind: Kind, prefix: str, call: Call) -> list[str]:
    """The ARNs of that kind which the call names; empty where it names none."""
    if prefix == "ec2":
        return ec2.arns(kind.name, call)
    if found := _SPECIAL.get((prefix, kind.name), _none)(call):
        return list(dict.fromkeys(found))
    named = (text for text in values.texts(call.parameters) if kind.pattern.fullmatch(text))
    return list(dict.fromkeys([*named, *_by_name(kind, prefix, call)]))


def made(kind: Kind, prefix: str, call: Call) -> str:
    """The ARN of one that the call makes, with `*` for what AWS makes up."""
    return kind.arn({**_surroundings(call), **{name: found[0] for name, found in _known(kind, prefix, call).items()}})


def _by_name(kind: Kind, prefix: str, call: Call) -> Iterator[str]:
    around = _surroundings(call)
    own = [name for name in kind.variables if name not in around]
    known = _known(kind, prefix, call)
    naming = next((name for name in reversed(own) if name in known), None)
    untold = [name for name in own if name not in known and not name.endswith(_MADE_UP)]
    if naming is None or untold or (naming in _CONTAINERS and own[-1] != naming) or _is_anothers(kind, naming, call):
        return
    fixed = {name: found[0] for name, found in known.items()}
    yield from (kind.arn({**around, **fixed, naming: one}) for one in known[naming] if not one.startswith("arn:"))


def _known(kind: Kind, prefix: str, call: Call) -> dict[str, list[str]]:
    """What the call has for the variables of the kind's ARN."""
    paths = _PATHS.get(prefix, {})
    own = (name for name in kind.variables if name not in _surroundings(call))
    found = {
        name: [one for path in paths.get(name, (name,)) for one in values.at(call.parameters, path)] for name in own
    }
    return {name: [_plain(one) for one in texts] for name, texts in found.items() if texts}


def _is_anothers(kind: Kind, naming: str, call: Call) -> bool:
    """A `Name` is of what the operation is called after, and Route 53 says by a parameter of what an id is."""
    resource_type = values.at(call.parameters, "ResourceType")
    anothers_name = naming == "Name" and kind.name.lower() not in call.operation.lower()
    return anothers_name or (naming == "Id" and bool(resource_type) and kind.name not in resource_type)


def _plain(one: str) -> str:
    return next((one.removeprefix(prefix) for prefix in _PREFIXES if one.startswith(prefix)), one)


def _surroundings(call: Call) -> dict[str, str]:
    scope = values.at(call.parameters, "Scope")
    return {
        "Partition": "aws",
        "Region": call.region,
        "Account": call.account,
        **({"Scope": scope[0].lower()} if scope else {}),
    }


def _none(_: Call) -> list[str]:
    return []


def _access_entry(call: Call) -> list[str]:
    """Its ARN is made of the principal's."""
    clusters, principals = (values.at(call.parameters, name) for name in ("clusterName", "principalArn"))
    return [
        f"arn:aws:eks:{call.region}:{call.account}:access-entry/{clusters[0]}/{kind}/{account}/{name.split('/')[-1]}/*"
        for account, (kind, _, name) in (
            (principal.split(":")[4], principal.split(":", 5)[5].partition("/")) for principal in principals
        )
    ]


def _scaling_group(call: Call) -> list[str]:
    """By its name, or by an instance of it."""
    names = [one for path in ("AutoScalingGroupName", "Tags.ResourceId") for one in values.at(call.parameters, path)]
    ids = values.at(call.parameters, "InstanceId")
    groups = autoscaling_backends[call.account][call.region].autoscaling_groups.values()
    names += [group.name for group in groups if any(one.instance.id in ids for one in group.instance_states)]
    return [
        f"arn:aws:autoscaling:{call.region}:{call.account}:autoScalingGroup:*:autoScalingGroupName/{name}"
        for name in names
    ]


def _option_group(call: Call) -> list[str]:
    """Who names none gets AWS' own, and RDS asks about it like about any other."""
    makes = call.operation in {"CreateDBInstance", "CreateDBInstanceReadReplica"}
    names = values.at(call.parameters, "OptionGroupName") or (["default:*"] if makes else [])
    return [f"arn:aws:rds:{call.region}:{call.account}:og:{name}" for name in names]


def _managed_rules(call: Call) -> list[str]:
    """AWS' own rules, by their names; denials have them in the caller's account."""
    found = values.below(call.parameters, "ManagedRuleGroupStatement")
    return [
        f"arn:aws:wafv2:{call.region}:{call.account}:regional/managedruleset/{name}/*"
        for entry in found
        for name in values.at(entry, "Name")
    ]


def _key(call: Call) -> list[str]:
    """KMS asks about the key behind an alias. That of a service's own alias is AWS'."""
    by_alias = {alias: key.id for key in kms_backends[call.account][call.region].keys.values() for alias in key.aliases}
    given = [one for name in ("KeyId", "TargetKeyId") for one in values.at(call.parameters, name)]
    given = given or values.at(call.parameters, "AliasName")
    ends = [one.rpartition(":")[2].removeprefix("key/") for one in given]
    return [f"arn:aws:kms:{call.region}:{call.account}:key/{by_alias.get(end, _unless_alias(end))}" for end in ends]


def _linked_role(call: Call) -> list[str]:
    """What a service's own role is called, the service says; its path is the service's name."""
    return [
        f"arn:aws:iam::{call.account}:role/aws-service-role/{service}/*"
        for service in values.at(call.parameters, "AWSServiceName")
    ]


def _unless_alias(end: str) -> str:
    return "*" if end.startswith("alias/") else end


def _rule(call: Call) -> list[str]:
    """On the account's own bus; calls name a rule by `Name` or by `Rule`."""
    names = [one for path in ("Name", "Rule") for one in values.at(call.parameters, path)]
    made = [f"arn:aws:events:{call.region}:{call.account}:rule/{name}" for name in names]
    return made + values.at(call.parameters, "ResourceARN")


def _hub(call: Call) -> list[str]:
    """An account has one."""
    return [f"arn:aws:securityhub:{call.region}:{call.account}:hub/default"]


_SPECIAL: Final[Mapping[tuple[str, str], Callable[[Call], list[str]]]] = {
    ("autoscaling", "autoScalingGroup"): _scaling_group,
    ("eks", "access-entry"): _access_entry,
    ("events", "rule-on-default-event-bus"): _rule,
    ("iam", "role"): _linked_role,
    ("kms", "key"): _key,
    ("rds", "og"): _option_group,
    ("securityhub", "hub"): _hub,
    ("wafv2", "managedruleset"): _managed_rules,
}
