"""Access from, and to, other accounts.

What can be shared by which property: https://docs.aws.amazon.com/prescriptive-guidance/latest/transitioning-to-multiple-aws-accounts/sharing-resources.html.
Principals: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

import json
from typing import Any, Final

from patchbay_policies import tokens

from tests.policy.crafted.row import ACCOUNT, ORGANISATION, Row, document, stack_environment

_OTHER: Final = "555566667777"
_PRODUCTION: Final = stack_environment(
    "production", environment={"name": "production", "production": True}, aws={"accountId": ACCOUNT}
)
_OTHER_ROLE: Final = f"arn:aws:iam::{_OTHER}:role/example"


def _row(name: str, type_: str, **inputs: Any) -> Row:
    return Row(name, type_, inputs, "other-accounts-are-listed", environment=_PRODUCTION)


def _let_in(principal: Any, condition: dict[str, Any] | None = None, effect: str = "Allow") -> str:
    more = {"Condition": condition} if condition else {}
    return document({"Effect": effect, "Principal": principal, "Action": "s3:GetObject", "Resource": "*", **more})


def _bucket(name: str, principal: Any, condition: dict[str, Any] | None = None, effect: str = "Allow") -> Row:
    return _row(name, tokens.BUCKET_POLICY, bucket="example", policy=_let_in(principal, condition, effect))


BYPASSES: Final = (
    _row("an administrator of the cluster", "aws:eks/accessEntry:AccessEntry", principalArn=_OTHER_ROLE),
    _row("a policy for one", "aws:eks/accessPolicyAssociation:AccessPolicyAssociation", principalArn=_OTHER_ROLE),
    _row("a grant of a key", "aws:kms/grant:Grant", granteePrincipal=_OTHER_ROLE),
    _row("a key's own policy", tokens.KEY, policy=_let_in({"AWS": f"arn:aws:iam::{_OTHER}:root"})),
    _row("a shared snapshot of a database", "aws:rds/snapshot:Snapshot", sharedAccounts=[_OTHER]),
    _row("a shared copy of one", "aws:rds/snapshotCopy:SnapshotCopy", sharedAccounts=[ACCOUNT, _OTHER]),
    _row("a shared disk", "aws:ec2/snapshotCreateVolumePermission:SnapshotCreateVolumePermission", accountId=_OTHER),
    _row("a shared image", "aws:ec2/amiLaunchPermission:AmiLaunchPermission", accountId=_OTHER),
    _row(
        "an image for an organisation",
        "aws:ec2/amiLaunchPermission:AmiLaunchPermission",
        organizationArn=f"arn:aws:organizations::{_OTHER}:organization/{ORGANISATION}",
    ),
    _row("a peering", "aws:ec2/vpcPeeringConnection:VpcPeeringConnection", peerOwnerId=_OTHER),
    _row("an account as a number", "aws:ec2/vpcPeeringConnection:VpcPeeringConnection", peerOwnerId=float(_OTHER)),
    _row(
        "a service that others reach",
        "aws:ec2/vpcEndpointService:VpcEndpointService",
        allowedPrincipals=[f"arn:aws:iam::{_OTHER}:root"],
    ),
    _row("a shared subnet", "aws:ram/principalAssociation:PrincipalAssociation", principal=_OTHER),
    _row("a function that others call", "aws:lambda/permission:Permission", principal=_OTHER, action="lambda:Invoke"),
    _row(
        "one that a service calls for others",
        "aws:lambda/permission:Permission",
        principal="s3.amazonaws.com",
        sourceAccount=_OTHER,
    ),
    _row(
        "copies of backups",
        "aws:backup/plan:Plan",
        rules=[{"copyActions": [{"destinationVaultArn": f"arn:aws:backup:eu-west-1:{_OTHER}:backup-vault:example"}]}],
    ),
    _bucket("an account alone", {"AWS": _OTHER}),
    _bucket("one account beside the own", {"AWS": [f"arn:aws:iam::{ACCOUNT}:root", _OTHER_ROLE]}),
    _bucket("a principal by its id", {"AWS": "AROAEXAMPLEEXAMPLE123"}),
    _bucket("a canonical user", {"CanonicalUser": "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}),
    _bucket("anybody of an account", "*", {"StringEquals": {"aws:PrincipalAccount": _OTHER}}),
    _bucket("anybody of an organisation", "*", {"StringEquals": {"aws:PrincipalOrgID": ORGANISATION}}),
    _bucket(
        "anybody of a part of one",
        "*",
        {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": f"{ORGANISATION}/r-ab12/ou-ab12-11111111/*"}},
    ),
    _bucket("a role of another account", "*", {"ArnLike": {"aws:PrincipalArn": _OTHER_ROLE}}),
    _bucket(
        "a service for another account",
        {"Service": "example.amazonaws.com"},
        {"StringEquals": {"AWS:SourceAccount": _OTHER}},
    ),
    _row("a group of another account", tokens.INGRESS_RULE, referencedSecurityGroupId=f"{_OTHER}/sg-0123456789abcdef0"),
    _row(
        "a list in one text",
        "aws:ssm/document:Document",
        permissions={"type": "Share", "accountIds": f"{ACCOUNT},{_OTHER}"},
    ),
    _row(
        "a reader by an access control list",
        "aws:s3/bucketAcl:BucketAcl",
        accessControlPolicy={"grants": [{"grantee": {"id": "79a59df900b949e5", "type": "CanonicalUser"}}]},
    ),
    _row(
        "a reader by an address of mail",
        "aws:s3/bucketAcl:BucketAcl",
        accessControlPolicy={
            "grants": [{"grantee": {"emailAddress": "a@example.com", "type": "AmazonCustomerByEmail"}}]
        },
    ),
    _row(
        "an administrator by the general resource",
        "aws:cloudcontrol/resource:Resource",
        typeName="AWS::EKS::AccessEntry",
        desiredState=json.dumps({"PrincipalArn": _OTHER_ROLE}),
    ),
    _row(
        "a policy by the general resource",
        "aws:cloudcontrol/resource:Resource",
        typeName="AWS::S3::BucketPolicy",
        desiredState=json.dumps({"PolicyDocument": json.loads(_let_in({"AWS": _OTHER_ROLE}))}),
    ),
    _row("a template", "aws:cloudformation/stack:Stack", templateBody=json.dumps([{"PrincipalArn": _OTHER_ROLE}])),
    *(
        _row(
            f"an element's name spelled by numbers: {name}",
            tokens.BUCKET_POLICY,
            policy=_let_in({"AWS": _OTHER_ROLE}).replace(f'"{name}"', f'"\\u00{ord(name[0]):02X}{name[1:]}"'),
        )
        for name in ("Statement", "Principal")
    ),
    _row(
        "a trust beside tags that lie",
        tokens.ROLE,
        tags={"account": ACCOUNT},
        assumeRolePolicy=document({"Effect": "Allow", "Principal": {"AWS": _OTHER_ROLE}, "Action": "sts:AssumeRole"}),
    ),
)

HARMLESS: Final = (
    _row("an own role", "aws:eks/accessEntry:AccessEntry", principalArn=f"arn:aws:iam::{ACCOUNT}:role/example"),
    _row("a policy of AWS", tokens.ATTACHMENT, policyArn="arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy"),
    _row("an account in a tag", tokens.VPC, cidrBlock="10.0.0.0/16", tags={"order": _OTHER}),
    _row(
        "a policy of an identity by the general resource",
        "aws:cloudcontrol/resource:Resource",
        desiredState=json.dumps(
            {"PolicyDocument": {"Statement": [{"Effect": "Allow", "Action": "sts:*", "Resource": _OTHER_ROLE}]}}
        ),
    ),
    _row("an own group", tokens.INGRESS_RULE, referencedSecurityGroupId=f"{ACCOUNT}/sg-0123456789abcdef0"),
    _row("a text that begins as JSON does", tokens.VPC, description=f"[{_OTHER} is an order"),
    _row("a number that is no account", tokens.VPC, size=5555666677778),
    _row(
        "a role of others that an own one may assume",
        tokens.POLICY,
        policy=document({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": _OTHER_ROLE}),
    ),
    _bucket("another account kept out", {"AWS": _OTHER_ROLE}, effect="Deny"),
    _bucket("everybody but the own kept out", "*", {"StringNotEquals": {"aws:PrincipalAccount": ACCOUNT}}, "Deny"),
    _bucket("the own account by condition", "*", {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}),
    _bucket(
        "a service for the own account",
        {"Service": "delivery.logs.amazonaws.com"},
        {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
    ),
)
