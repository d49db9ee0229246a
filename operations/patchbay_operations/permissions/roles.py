"""The roles of an environment, with all policies that decide over them, as IAM has them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from patchbay_operations.access import Access
from patchbay_operations.permissions.evaluation import Document, Rights


@dataclass(frozen=True)
class Role:
    """`trust`: who may assume it. `managed`: names of AWS' own policies that are attached."""

    name: str
    arn: str
    trust: Document
    rights: Rights
    managed: tuple[str, ...]


def read_roles(access: Access, environment: str) -> Iterator[Role]:
    """The roles that carry the environment's tag."""
    iam = access.client("iam")
    for page in iam.get_paginator("list_roles").paginate():
        for listed in page["Roles"]:
            name = listed["RoleName"]
            tags = {tag["Key"]: tag["Value"] for tag in iam.list_role_tags(RoleName=name)["Tags"]}
            if tags.get("patchbay:environment") == environment:
                yield _read(iam, iam.get_role(RoleName=name)["Role"])


def _read(iam: Any, role: dict[str, Any]) -> Role:
    name = role["RoleName"]
    inline = [
        _document(iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"])
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]
    ]
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    boundary = role.get("PermissionsBoundary")
    return Role(
        name=name,
        arn=role["Arn"],
        trust=_document(role["AssumeRolePolicyDocument"]),
        rights=Rights(
            policies=(*inline, *(_managed(iam, policy["PolicyArn"]) for policy in attached)),
            boundary=_managed(iam, boundary["PermissionsBoundaryArn"]) if boundary else None,
        ),
        managed=tuple(
            policy["PolicyName"] for policy in attached if policy["PolicyArn"].startswith("arn:aws:iam::aws:policy/")
        ),
    )


def _managed(iam: Any, arn: str) -> Document:
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    return _document(iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"])


def _document(value: Any) -> Document:
    """boto3 decodes documents, unless they come from a call whose model does not say that they are JSON."""
    loaded: Document = json.loads(unquote(value)) if isinstance(value, str) else value
    return loaded
