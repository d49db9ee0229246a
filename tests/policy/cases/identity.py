"""Cases of the rules about rights."""

import dataclasses
import json
from typing import Any

from patchbay_policies import tokens
from patchbay_policies.model import Resource

from tests.policy.case import DEV, PRODUCTION, Cases, bad, good, made

ACCOUNT = "111122223333"
QUEUE = f"arn:aws:sqs:eu-central-1:{ACCOUNT}:patchbay-dev-queue"
MANAGED = "arn:aws:iam::aws:policy"
ISSUER = "token.example.com"


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str | list[str], resource: str | list[str], **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def policy(*statements: dict[str, Any]) -> Resource:
    return made(tokens.POLICY, "policy", {"policy": document(*statements)})


def trusting(principal: Any, action: str = "sts:AssumeRole", **more: Any) -> Resource:
    statement = {"Effect": "Allow", "Principal": principal, "Action": action, **more}
    return made(tokens.ROLE, "role", {"assumeRolePolicy": document(statement)})


def web_identity(**conditions: Any) -> Resource:
    federated = {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}"}
    return trusting(federated, "sts:AssumeRoleWithWebIdentity", Condition=conditions)


NODE_ROLE = trusting({"Service": "ec2.amazonaws.com"})
GROUP_ROLE = made(tokens.ROLE, "nodes", {"assumeRolePolicy": document()})
GROUP = made(tokens.NODE_GROUP, "flows", refers={"nodeRoleArn": GROUP_ROLE})
OTHER_ROLE = trusting({"Service": "pods.eks.amazonaws.com"})
OWN_POLICY = made(tokens.POLICY, "autoscaler")


def attached(role: Resource, name: str) -> Resource:
    return made(tokens.ATTACHMENT, "attachment", {"policyArn": f"{MANAGED}/{name}"}, refers={"role": role})


OUTSIDE = "555566667777"
ENTRY = "aws:eks/accessEntry:AccessEntry"


def entry(account: str) -> Resource:
    return made(ENTRY, "entry", {"principalArn": f"arn:aws:iam::{account}:role/example"})


CASES = {
    "other-accounts-are-listed": Cases(
        good=[
            good(entry(ACCOUNT)),
            good(trusting({"AWS": f"arn:aws:iam::{ACCOUNT}:root"})),
            good(
                trusting(
                    {"Service": "backup.amazonaws.com"}, Condition={"StringEquals": {"aws:SourceAccount": ACCOUNT}}
                )
            ),
            good(entry(OUTSIDE), environment=dataclasses.replace(PRODUCTION, trusted=frozenset({OUTSIDE}))),
        ],
        bad=[
            bad(entry(OUTSIDE), says=f"principalArn names {OUTSIDE}, outside of account {ACCOUNT}"),
            bad(trusting({"AWS": f"arn:aws:iam::{OUTSIDE}:root"}), says=OUTSIDE),
            bad(entry(ACCOUNT), says="outside of account 444455556666", environment=DEV),
        ],
    ),
    "no-wildcard-permissions": Cases(
        good=[
            good(policy(allow("sqs:*", QUEUE))),
            good(policy(allow(["ec2:DescribeInstances", "autoscaling:Describe*", "rds:List*", "iam:GetRole*"], "*"))),
            good(policy({"Effect": "Deny", "Action": "*", "Resource": "*"})),
            good(made(tokens.ROLE, props={"inlinePolicies": [{"policy": document(allow("sqs:SendMessage", QUEUE))}]})),
        ],
        bad=[
            bad(policy(allow("*", "*")), says="it allows * on every resource"),
            bad(policy(allow("s3:*", "*")), says="s3:*"),
            bad(policy(allow(["sqs:SendMessage", "ec2:Run*"], ["*"])), says="ec2:Run*"),
            bad(policy(allow("s3:Get*", "arn:aws:s3:::*")), says="s3:Get*"),
            bad(policy(allow("secretsmanager:Get*", "*")), says="secretsmanager:Get*"),
            bad(policy({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}), says="NotAction"),
            bad(
                made(tokens.ROLE_POLICY, "inline", {"policy": document(allow("kms:*", "*"))}),
                says="kms:*",
            ),
            bad(made(tokens.ROLE, props={"inlinePolicies": [{"policy": document(allow("*", "*"))}]}), says="every"),
        ],
    ),
    "no-admin-policies": Cases(
        good=[good(attached(NODE_ROLE, "AmazonEKSWorkerNodePolicy"))],
        bad=[
            bad(attached(NODE_ROLE, "AdministratorAccess"), says="AdministratorAccess"),
            bad(attached(NODE_ROLE, "AmazonS3FullAccess"), says="AmazonS3FullAccess"),
            bad(made(tokens.ROLE, props={"managedPolicyArns": [f"{MANAGED}/PowerUserAccess"]}), says="PowerUser"),
        ],
    ),
    "roles-are-passed-by-name": Cases(
        good=[good(policy(allow("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/patchbay-dev-nodes")))],
        bad=[
            bad(policy(allow("iam:PassRole", "*")), says="any role"),
            bad(policy(allow("iam:passrole", f"arn:aws:iam::{ACCOUNT}:role/*")), says="any role"),
        ],
    ),
    "nodes-have-no-rights-of-their-own": Cases(
        good=[
            good(NODE_ROLE, attached(NODE_ROLE, "AmazonEKSWorkerNodePolicy")),
            good(OTHER_ROLE, made(tokens.ROLE_POLICY, "inline", refers={"role": OTHER_ROLE})),
        ],
        bad=[
            bad(NODE_ROLE, attached(NODE_ROLE, "AmazonS3ReadOnlyAccess"), says="AmazonS3ReadOnlyAccess"),
            bad(GROUP_ROLE, GROUP, attached(GROUP_ROLE, "AmazonEKS_CNI_Policy"), says="AmazonEKS_CNI_Policy"),
            bad(NODE_ROLE, made(tokens.ROLE_POLICY, "inline", refers={"role": NODE_ROLE}), says="rights"),
            bad(
                NODE_ROLE,
                OWN_POLICY,
                made(tokens.ATTACHMENT, "attachment", refers={"role": NODE_ROLE, "policyArn": OWN_POLICY}),
                says="it attaches autoscaler",
            ),
            bad(
                made(
                    tokens.ROLE,
                    "nodes",
                    {**NODE_ROLE.props, "inlinePolicies": [{"policy": document(allow("s3:GetObject", "*"))}]},
                ),
                says="inline policies",
            ),
        ],
    ),
    "trust-names-somebody": Cases(
        good=[
            good(OTHER_ROLE),
            good(
                web_identity(
                    StringEquals={f"{ISSUER}:aud": "sts.amazonaws.com"},
                    StringLike={f"{ISSUER}:sub": "repo:example/patchbay:ref:refs/heads/main"},
                )
            ),
        ],
        bad=[
            bad(trusting("*"), says="anybody"),
            bad(trusting({"AWS": "*"}), says="anybody"),
            bad(web_identity(StringEquals={f"{ISSUER}:aud": "sts.amazonaws.com"}), says="names no subject"),
            bad(
                web_identity(StringEquals={f"{ISSUER}:aud": "a"}, StringLike={f"{ISSUER}:sub": "*"}),
                says="names no subject",
            ),
            bad(web_identity(StringLike={f"{ISSUER}:sub": "repo:example/patchbay:*"}), says="names no audience"),
        ],
    ),
    "resource-policies-not-public": Cases(
        good=[
            good(
                made(
                    tokens.KEY,
                    props={"policy": document(allow("kms:*", "*", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}))},
                )
            ),
            good(
                made(
                    tokens.BUCKET_POLICY,
                    props={"policy": document({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"})},
                )
            ),
        ],
        bad=[
            bad(
                made(tokens.BUCKET_POLICY, props={"policy": document(allow("s3:GetObject", "*", Principal="*"))}),
                says="s3:GetObject to anybody",
            ),
            bad(
                made(tokens.KEY, props={"policy": document(allow("kms:Decrypt", "*", Principal={"AWS": "*"}))}),
                says="kms:Decrypt to anybody",
            ),
            bad(
                made(tokens.SEARCH, props={"accessPolicies": document(allow("es:*", "*", Principal={"AWS": "*"}))}),
                says="es:* to anybody",
            ),
        ],
    ),
    "no-lasting-credentials": Cases(
        good=[good(OTHER_ROLE)],
        bad=[
            bad(made("aws:iam/user:User"), says="User is a credential"),
            bad(made("aws:iam/accessKey:AccessKey"), says="AccessKey is a credential"),
        ],
    ),
    "no-secrets-in-the-state": Cases(
        good=[
            good(made(tokens.DATABASE, props={"manageMasterUserPassword": True})),
            good(made(tokens.CACHE, props={"userGroupIds": ["group"]})),
            good(made(tokens.SEARCH, props={"advancedSecurityOptions": {"enabled": True}})),
        ],
        bad=[
            bad(made(tokens.DATABASE, props={"password": "example"}), says="password stands"),
            bad(made(tokens.CACHE, props={"authToken": "example"}), says="authToken stands"),
            bad(made("aws:elasticache/user:User", props={"passwords": ["example"]}), says="passwords stands"),
            bad(
                made("aws:secretsmanager/secretVersion:SecretVersion", props={"secretString": "example"}),
                says="secretString stands",
            ),
            bad(
                made(
                    tokens.SEARCH,
                    props={"advancedSecurityOptions": {"masterUserOptions": {"masterUserPassword": "example"}}},
                ),
                says="masterUserPassword stands",
            ),
        ],
    ),
}
