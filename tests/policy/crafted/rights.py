"""What an identity may do. Actions are matched without regard to case, `*` and `?` anywhere in them:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html; so are resources:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
"""

from typing import Any, Final

from patchbay_policies import tokens

from tests.policy.crafted.row import ACCOUNT, Row, document

_WIDE: Final = "no-wildcard-permissions"
_PASSED: Final = "roles-are-passed-by-name"
_ADMIN: Final = "no-admin-policies"
_QUEUE: Final = f"arn:aws:sqs:eu-central-1:{ACCOUNT}:patchbay-dev-queue"
_ROLES: Final = f"arn:aws:iam::{ACCOUNT}:role"
_MANAGED: Final = "arn:aws:iam::aws:policy"


def _allow(action: Any, resource: Any, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def _policy(name: str, rule: str, action: Any, resource: Any) -> Row:
    return Row(name, tokens.POLICY, {"policy": document(_allow(action, resource))}, rule)


def _statement(name: str, rule: str, **statement: Any) -> Row:
    return Row(name, tokens.POLICY, {"policy": document({"Effect": "Allow", **statement})}, rule)


def _elsewhere(name: str, type_: str, property_: str) -> Row:
    return Row(name, type_, {property_: document(_allow("*", "*"))}, _WIDE)


BYPASSES = (
    _policy("everything on every ARN", _WIDE, "*", "arn:*"),
    _policy("everything on every ARN of a partition", _WIDE, "*", "arn:aws:*"),
    _policy("everything on two stars", _WIDE, "*", "**"),
    _policy("everything on some character and more", _WIDE, "*", "?*"),
    _policy("IAM on every ARN of IAM", _WIDE, "iam:*", "arn:aws:iam::*:*/*"),
    _policy("IAM on everything of the account", _WIDE, "iam:*", f"arn:aws:iam::{ACCOUNT}:*/*"),
    _policy("IAM on every role of the account", _WIDE, "iam:*", f"{_ROLES}/*"),
    _policy("IAM on half an account", _WIDE, "iam:*", "arn:aws:iam::1111*"),
    _policy("half a service", _WIDE, "i*:*", "*"),
    _policy("the lists of every service", _WIDE, "*:List*", "*"),
    _policy("a character of an action", _WIDE, "s3:?utObject", "arn:aws:s3:::*"),
    _policy("a character of a service", _WIDE, "?am:CreateAccessKey", "*"),
    _policy("S3 in capitals on every object", _WIDE, "S3:*", "arn:aws:s3:::*/*"),
    _policy("EC2 in every account", _WIDE, "ec2:*", "arn:aws:ec2:*:*:*/*"),
    _policy("every table of every account", _WIDE, "dynamodb:*", "arn:aws:dynamodb:*:*:table/*"),
    _policy("every key", _WIDE, "kms:*", "arn:aws:kms:*:*:*"),
    _policy("every function's code and variables", _WIDE, "lambda:Get*", "*"),
    _policy("secrets in other letters", _WIDE, "SecretsManager:gET*", "*"),
    _policy("beside a named one", _WIDE, ["sqs:SendMessage", "s3:*"], [_QUEUE, "arn:aws:s3:*:*:*"]),
    _policy("rights for itself", _WIDE, "iam:PutRolePolicy", "*"),
    _policy("another version of a policy", _WIDE, ["iam:CreatePolicyVersion"], f"arn:aws:iam::{ACCOUNT}:policy/*"),
    _statement("all actions but some", _WIDE, NotAction=["s3:*"], Resource=[_QUEUE]),
    _statement("all resources but some", _WIDE, Action="sqs:*", NotResource=_QUEUE),
    Row(
        "a key written twice",
        tokens.POLICY,
        {
            "policy": '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"},'
            ' "Statement": []}'
        },
        _WIDE,
    ),
    _elsewhere("a group's policy", "aws:iam/groupPolicy:GroupPolicy", "policy"),
    _elsewhere("a user's policy", "aws:iam/userPolicy:UserPolicy", "policy"),
    _elsewhere("a permission set", "aws:ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy", "inlinePolicy"),
    _policy("half of passing a role", _PASSED, "iam:Pass*", "*"),
    _policy("a character of passing a role", _PASSED, "iam:?assRole", "*"),
    _policy("the middle of passing a role", _PASSED, ["iam:P*Role"], "arn:aws:iam::*:role/*"),
    _policy("every role in other words", _PASSED, "iam:PassRole", f"arn:aws:iam::{ACCOUNT}:*"),
    _policy("every role by a character", _PASSED, "iam:PassRole", f"{_ROLES}/?*"),
    _policy("half the word role", _PASSED, "iam:PassRole", f"arn:aws:iam::{ACCOUNT}:r*"),
    _policy("half the word role, and every name", _PASSED, "iam:PassRole", f"arn:aws:iam::{ACCOUNT}:r*/*"),
    _policy("every ARN", _PASSED, "IAM:PASSROLE", "arn:*"),
    _policy("a role of every account", _PASSED, "iam:PassRole", "*:role/*"),
    _policy("every role assumed", _PASSED, "sts:AssumeRole", "*"),
    _policy("every account's role assumed", _PASSED, "sts:Assume*", "arn:aws:iam::*:role/*"),
    Row(
        "an administrator by a group",
        "aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
        {"policyArn": f"{_MANAGED}/AdministratorAccess"},
        _ADMIN,
    ),
    Row(
        "an administrator among a role's only policies",
        "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive",
        {"roleName": "role", "policyArns": [f"{_MANAGED}/AdministratorAccess"]},
        _ADMIN,
    ),
    Row(
        "an administrator by their job",
        tokens.ATTACHMENT,
        {"policyArn": f"{_MANAGED}/job-function/SystemAdministrator"},
        _ADMIN,
    ),
)

HARMLESS = (
    _policy("look at everything", _WIDE, ["ec2:Describe*", "rds:List*"], "*"),
    _policy("look at everything in other letters", _WIDE, "EC2:describe*", "*"),
    _policy("settings of IAM", _WIDE, "iam:Get*", "*"),
    _policy("settings of zones and topics", _WIDE, ["route53:Get*", "sns:Get*", "wafv2:Get*"], "*"),
    _policy("everything on a queue", _WIDE, "sqs:*", _QUEUE),
    _policy("everything on queues of a name", _WIDE, "sqs:*", f"arn:aws:sqs:eu-central-1:{ACCOUNT}:patchbay-dev-*"),
    _policy("everything on a bucket", _WIDE, "s3:*", ["arn:aws:s3:::example-bucket", "arn:aws:s3:::example-bucket/*"]),
    _policy("EC2 of an account in a region", _WIDE, "ec2:*", f"arn:aws:ec2:eu-central-1:{ACCOUNT}:*/*"),
    _policy("log groups of the account", _WIDE, "logs:Put*", f"arn:aws:logs:eu-central-1:{ACCOUNT}:log-group:*"),
    _policy("keys of the account", _WIDE, "kms:GenerateDataKey*", f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/*"),
    _policy("a call without a resource", _WIDE, "sts:GetCallerIdentity", "*"),
    _policy("metrics", _WIDE, "cloudwatch:PutMetricData", "*"),
    _policy("roles of a name", _WIDE, "iam:*", f"{_ROLES}/patchbay-dev-*"),
    _policy("rights for roles of a name", _WIDE, "iam:PutRolePolicy", f"{_ROLES}/patchbay-dev-*"),
    _statement("all but some, denied", _WIDE, Effect="Deny", NotAction=["iam:*"], Resource="*"),
    _policy("a role by its name", _PASSED, "iam:PassRole", f"{_ROLES}/patchbay-dev-nodes"),
    _policy("roles by their names' beginning", _PASSED, ["iam:PassRole"], [f"{_ROLES}/patchbay-dev-*"]),
    _policy("a role of another account assumed", _PASSED, "sts:AssumeRole", "arn:aws:iam::444455556666:role/reader"),
    _policy("the path of services' roles", _PASSED, "iam:PassRole", f"{_ROLES}/aws-service-role/*"),
    Row("EKS' own policy", tokens.ATTACHMENT, {"policyArn": f"{_MANAGED}/AmazonEKSClusterPolicy"}, _ADMIN),
)
