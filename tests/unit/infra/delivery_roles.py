"""What the delivery's tests share: an environment's delivery identity, and what its roles may do."""

import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

import pulumi
from patchbay_infra.context import Context
from patchbay_infra.delivery.component import Delivery
from patchbay_infra.delivery.config import DeliveryConfig
from patchbay_infra.delivery.scope import Outside
from patchbay_operations.permissions.evaluation import Call, Rights, allowed

from tests.unit.infra.mocks import ACCOUNT, PRODUCTION, Recorded, mock_arn, record

REGION, ENVIRONMENT = PRODUCTION.region, PRODUCTION.environment
STATE_KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/state"
BACKUP_KEY = f"arn:aws:kms:eu-north-1:{ACCOUNT}:key/copies"
VPN_CERTIFICATE = f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/vpn"
OUTSIDE = Outside(BACKUP_KEY, scans=True, kept=(BACKUP_KEY, VPN_CERTIFICATE))
CONFIG = {"repository": "example/patchbay", "stateBucket": "example-patchbay-state", "stateKeyArn": STATE_KEY}
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/patchbay-{ENVIRONMENT}-delivery-boundary"
ZONE, VPC = "Z0", "vpc-0"
TAG = "patchbay:environment"
HOST = "token.actions.githubusercontent.com"
IAM = f"arn:aws:iam::{ACCOUNT}"

Statement = Mapping[str, Any]


def delivery(
    outside: Outside = OUTSIDE, *, context: Context = PRODUCTION, own_zone: bool = True, **config: Any
) -> Recorded:
    """What the engine was asked for by the delivery identity of an environment whose zone and VPC are known."""

    def program() -> Mapping[str, Any]:
        made = Delivery(
            "delivery",
            DeliveryConfig.model_validate({**CONFIG, **config}),
            context=context,
            outside=outside,
            opts=pulumi.ResourceOptions(),
        )
        made.place(zone_id=ZONE, own_zone=own_zone, vpc_id=VPC)
        return {"plan": made.plan_role_arn, "apply": made.apply_role_arn, "boundary": made.boundary_arn}

    return record(program)


def rights(recorded: Recorded, role: str) -> Rights:
    """All that `plan` or `apply` is given, attached and inline."""
    name = recorded.one("iam/role:Role", f"delivery-{role}").inputs["name"]
    attached = {one.inputs["policyArn"] for one in recorded.of("RolePolicyAttachment") if one.inputs["role"] == name}
    documents = [
        *(one for one in recorded.of("iam/policy:Policy") if mock_arn(one.name) in attached),
        *(one for one in recorded.of("iam/rolePolicy:RolePolicy") if one.inputs["role"] == name),
    ]
    return Rights(tuple(json.loads(one.inputs["policy"]) for one in documents))


def boundary(recorded: Recorded) -> Rights:
    """The most that any role can be given, as if a role had been given all of it."""
    held = json.loads(recorded.one("iam/policy:Policy", "delivery-boundary").inputs["policy"])
    return Rights((held,))


def may(holder: Rights, action: str, resource: str = "*", **context: str) -> bool:
    """Whether the call is allowed in the environment's region. `context`: condition keys; `tag`, `request`: values of
    the environment's tag on the resource, and in the request.
    """
    keys = {"aws:RequestedRegion": REGION}
    if "tag" in context:
        keys[f"aws:ResourceTag/{TAG}"] = context.pop("tag")
    if "request" in context:
        keys[f"aws:RequestTag/{TAG}"] = context.pop("request")
    return allowed(holder, Call(action, resource, {**keys, **context}))


def arn(service: str, resource: str, *, region: bool = True) -> str:
    return PRODUCTION.arn(service, resource, region=region)


def concerned(statement: Statement, action: str, resource: str) -> bool:
    """Whether the statement is about the call."""
    named = any(fnmatchcase(action, pattern) for pattern in statement.get("Action", ()))
    excepted = "NotAction" in statement and not any(fnmatchcase(action, pattern) for pattern in statement["NotAction"])
    return (named or excepted) and any(fnmatchcase(resource, pattern) for pattern in statement["Resource"])
