"""What is done by hand to roles: their rights, and who may take them."""

import json

from patchbay_operations.checks.facts import Facts

from tests.emulated.mutations.mutation import Mutation


def _allow(facts: Facts, role: str, action: str, resource: str = "*") -> None:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    facts.access.client("iam").put_role_policy(
        RoleName=f"patchbay-{facts.environment}-{role}",
        PolicyName="by-hand",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )


def _attach(facts: Facts, role: str, policy: str) -> None:
    facts.access.client("iam").attach_role_policy(
        RoleName=f"patchbay-{facts.environment}-{role}", PolicyArn=f"arn:aws:iam::aws:policy/{policy}"
    )


def _unguarded(facts: Facts) -> None:
    account = facts.access.client("sts").get_caller_identity()["Account"]
    guard = f"arn:aws:iam::{account}:policy/patchbay-{facts.environment}-delivery-guard"
    facts.access.client("iam").detach_role_policy(
        RoleName=f"patchbay-{facts.environment}-delivery-plan", PolicyArn=guard
    )
    _allow(facts, "delivery-plan", "iam:CreateUser")


def _untagged_key(facts: Facts, purpose: str, tag: str) -> None:
    kms = facts.access.client("kms")
    key = kms.describe_key(KeyId=f"alias/patchbay-{facts.environment}-{purpose}")["KeyMetadata"]["KeyId"]
    kms.untag_resource(KeyId=key, TagKeys=[tag])


def _any_repository(facts: Facts) -> None:
    iam = facts.access.client("iam")
    name = f"patchbay-{facts.environment}-delivery-apply"
    trust = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    conditions = trust["Statement"][0]["Condition"]["StringEquals"]
    for key in [key for key in conditions if key.endswith(":sub")]:
        del conditions[key]
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))


def _anybody(facts: Facts) -> None:
    statement = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    facts.access.client("iam").update_assume_role_policy(
        RoleName=f"patchbay-{facts.environment}-shared-runtime",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )


RIGHTS = (
    Mutation(
        "previews that read payloads",
        "dev",
        "rights",
        "patchbay-dev-delivery-plan may s3:GetObject",
        lambda facts: _allow(facts, "delivery-plan", "s3:GetObject", "arn:aws:s3:::patchbay-dev-*"),
    ),
    Mutation(
        "a runtime that may not connect",
        "dev",
        "rights",
        "patchbay-dev-shared-runtime may not elasticache:Connect",
        lambda facts: facts.access.client("iam").delete_role_policy(
            RoleName="patchbay-dev-shared-runtime",
            PolicyName=facts.access.client("iam").list_role_policies(RoleName="patchbay-dev-shared-runtime")[
                "PolicyNames"
            ][0],
        ),
    ),
    Mutation("previews that make users", "dev", "forbidden calls", "delivery-plan may iam:CreateUser", _unguarded),
    Mutation(
        "everything of a service",
        "dev",
        "wildcards",
        "delivery-plan may do ('sqs:*',)",
        lambda facts: _allow(facts, "delivery-plan", "sqs:*"),
    ),
    Mutation(
        "nodes that can be logged in to",
        "dev",
        "node role",
        "AmazonSSMManagedInstanceCore",
        lambda facts: _attach(facts, "shared-nodes", "AmazonSSMManagedInstanceCore"),
    ),
    Mutation(
        "nodes with every right",
        "dev",
        "node role",
        "AdministratorAccess",
        lambda facts: _attach(facts, "shared-nodes", "AdministratorAccess"),
        others=frozenset({"rights", "wildcards"}),
    ),
    Mutation(
        "deployments that change another environment's network",
        "dev",
        "rights",
        "patchbay-dev-delivery-apply may ec2:DeleteVpc",
        lambda facts: _allow(facts, "delivery-apply", "ec2:*", "arn:aws:ec2:*:*:vpc/*"),
    ),
    Mutation(
        "deployments that change another environment's keys",
        "dev",
        "rights",
        "patchbay-dev-delivery-apply may kms:PutKeyPolicy",
        lambda facts: _allow(facts, "delivery-apply", "kms:PutKeyPolicy", "arn:aws:kms:*:*:key/*"),
    ),
    Mutation(
        "a key without its tag",
        "dev",
        "rights",
        "patchbay-dev-delivery-apply may not kms:PutKeyPolicy",
        lambda facts: _untagged_key(facts, "data", "patchbay:environment"),
    ),
    Mutation(
        "a key of records that nothing tells from others",
        "production",
        "rights",
        "patchbay-production-delivery-apply may kms:PutKeyPolicy",
        lambda facts: _untagged_key(facts, "auditing-records", "Name"),
    ),
    Mutation("every repository deploys", "dev", "trust", "delivery-apply", _any_repository),
    Mutation("a role for anybody", "dev", "trust", "anybody may take patchbay-dev-shared-runtime", _anybody),
)
