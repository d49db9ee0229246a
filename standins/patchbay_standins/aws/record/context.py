"""The condition keys of a call, for one resource of it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from moto.iam.models import iam_backends

from patchbay_standins.aws.record import ec2, tags, values
from patchbay_standins.aws.record.reference import Action, Kind
from patchbay_standins.aws.service import Call

Context = dict[str, str | Sequence[str]]

# Served from one region, whose name their requests bear (AWS General Reference, "Global services").
_GLOBAL_SERVICES: Final = frozenset({"budgets", "ce", "iam", "route53", "shield"})
GLOBAL: Final[Mapping[str, str]] = {"aws:RequestedRegion": "us-east-1"}


def of(action: Action, kind: Kind | None, arn: str, call: Call) -> Context:
    """Only keys that AWS has for the action or the kind of resource."""
    known = action.keys | (kind.keys if kind else frozenset())
    given = _given(kind, call) if _has(known, "aws:RequestTag/") else {}
    borne = tags.of(arn, call.account) if _has(known, "aws:ResourceTag/") else {}
    keys = sorted({*given, *values.removed_tags(call.parameters)}) if "aws:TagKeys" in known else []
    own = ((key, read(call)) for key, read in _KEYS.items() if key in known)
    return {
        **here(call),
        **{f"aws:RequestTag/{key}": value for key, value in given.items()},
        **{f"aws:ResourceTag/{key}": value for key, value in borne.items()},
        **({"aws:TagKeys": keys} if keys else {}),
        **{key: found if len(found) > 1 or key in _SETS else found[0] for key, found in own if found},
    }


def here(call: Call) -> Context:
    """What every request has."""
    return {**GLOBAL} if call.service in _GLOBAL_SERVICES else {"aws:RequestedRegion": call.region}


def _has(known: frozenset[str], beginning: str) -> bool:
    return any(key.startswith(beginning) for key in known)


def _given(kind: Kind | None, call: Call) -> dict[str, str]:
    if call.service == "ec2" and call.operation != "CreateTags":
        return ec2.tags(kind.name, call) if kind else {}
    return values.tags(call.parameters)


def _boundary(call: Call) -> list[str]:
    """That the call sets, or that of the role as it is."""
    if given := values.at(call.parameters, "PermissionsBoundary"):
        return given
    roles = iam_backends[call.account]["aws"].roles.values()
    names = values.at(call.parameters, "RoleName")
    return [role.permissions_boundary_arn for role in roles if role.name in names and role.permissions_boundary_arn]


def _zones_vpcs(call: Call) -> list[str]:
    vpc = call.get("VPC") or {}
    return [f"VPCId={vpc['VPCId']},VPCRegion={vpc['VPCRegion']}"] if "VPCId" in vpc else []


def _at(path: str) -> Callable[[Call], list[str]]:
    return lambda call: values.at(call.parameters, path)


# Keys of services, by where calls have them.
_KEYS: Final[Mapping[str, Callable[[Call], Sequence[str]]]] = {
    "cloudwatch:namespace": _at("Namespace"),
    "iam:AWSServiceName": _at("AWSServiceName"),
    "iam:PermissionsBoundary": _boundary,
    "iam:PolicyARN": _at("PolicyArn"),
    "kms:GrantOperations": _at("Operations"),
    "route53:VPCs": _zones_vpcs,
    "s3:prefix": _at("Prefix"),
}
_SETS: Final = frozenset({"kms:GrantOperations", "route53:VPCs"})
