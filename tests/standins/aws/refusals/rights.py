"""IAM, KMS and Secrets Manager: roles, policies, keys, secrets."""

import json
from typing import Any

from tests.standins.aws.account import Account, new_name
from tests.standins.aws.refusals.row import Arguments, Table

KEYS = Table("kms")
ROLES = Table("iam")
SECRETS = Table("secretsmanager")

_ABSENT = "arn:aws:iam::111122223333:role/absent"


@ROLES.refuses(
    "create_role",
    "MalformedPolicyDocument",
    words=f'Invalid principal in policy: "AWS":"{_ABSENT}"',
    source="aws-samples/aws-iam-access-key-auto-rotation 26",
)
def the_role_trusts_one_that_does_not_exist(_: Account) -> Arguments:
    return {"RoleName": new_name("role"), "AssumeRolePolicyDocument": _document(_trust({"AWS": _ABSENT}))}


@ROLES.refuses(
    "create_role",
    "LimitExceeded",
    words="Cannot exceed quota for ACLSizePerRole: ",
    source="kubernetes-sigs/aws-load-balancer-controller 2718",
    status=409,
)
def the_role_trusts_too_many(_: Account) -> Arguments:
    many = [f"arn:aws:iam::{number:012}:root" for number in range(100)]
    return {"RoleName": new_name("role"), "AssumeRolePolicyDocument": _document(_trust({"AWS": many}))}


@ROLES.refuses(
    "update_assume_role_policy",
    "MalformedPolicyDocument",
    words=f'Invalid principal in policy: "AWS":"{_ABSENT}"',
    source="aws-samples/aws-iam-access-key-auto-rotation 26",
)
def the_trust_changes_to_one_that_does_not_exist(account: Account) -> Arguments:
    return {"RoleName": _role(account), "PolicyDocument": _document(_trust({"AWS": [_ABSENT]}))}


@ROLES.refuses(
    "delete_role",
    "DeleteConflict",
    words="Cannot delete entity, must detach all policies first.",
    source="cloud-custodian/cloud-custodian 4078",
    status=409,
)
def a_policy_is_attached_to_the_role(account: Account) -> Arguments:
    role = _role(account)
    account.client("iam").attach_role_policy(RoleName=role, PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    return {"RoleName": role}


@ROLES.refuses(
    "delete_role",
    "DeleteConflict",
    words="Cannot delete entity, must delete policies first.",
    source="awslabs/aws-orbit-workbench 633",
    status=409,
)
def the_role_has_a_policy_of_its_own(account: Account) -> Arguments:
    role = _role(account)
    account.client("iam").put_role_policy(RoleName=role, PolicyName="example", PolicyDocument=_document(_read(1)))
    return {"RoleName": role}


@ROLES.refuses(
    "delete_role",
    "DeleteConflict",
    words="Cannot delete entity, must remove roles from instance profile first.",
    source="99designs/iamy 68",
    status=409,
)
def an_instance_profile_has_the_role(account: Account) -> Arguments:
    iam, role, profile = account.client("iam"), _role(account), new_name("profile")
    iam.create_instance_profile(InstanceProfileName=profile)
    iam.add_role_to_instance_profile(InstanceProfileName=profile, RoleName=role)
    return {"RoleName": role}


@ROLES.refuses(
    "create_policy",
    "LimitExceeded",
    words="Cannot exceed quota for PolicySize: 6144",
    source="ministryofjustice/analytical-platform 6873",
    status=409,
)
def a_managed_policy_is_too_long(_: Account) -> Arguments:
    return {"PolicyName": new_name("policy"), "PolicyDocument": _document(_read(200))}


@ROLES.refuses(
    "put_role_policy",
    "LimitExceeded",
    words="Maximum policy size of 10240 bytes exceeded for role",
    source="gchq/sleeper 1459",
    status=409,
)
def a_roles_own_policies_are_too_long_together(account: Account) -> Arguments:
    role = _role(account)
    account.client("iam").put_role_policy(RoleName=role, PolicyName="first", PolicyDocument=_document(_read(150)))
    return {"RoleName": role, "PolicyName": "second", "PolicyDocument": _document(_read(150))}


@ROLES.refuses(
    "attach_role_policy",
    "LimitExceeded",
    words="Cannot exceed quota for PoliciesPerRole: 10",
    source="aws/eks-hybrid 741",
    status=409,
)
def the_role_has_ten_policies(account: Account) -> Arguments:
    iam, role = account.client("iam"), _role(account)
    names = [new_name("policy") for _ in range(11)]
    arns = [iam.create_policy(PolicyName=it, PolicyDocument=_document(_read(1)))["Policy"]["Arn"] for it in names]
    for arn in arns[:10]:
        iam.attach_role_policy(RoleName=role, PolicyArn=arn)
    return {"RoleName": role, "PolicyArn": arns[10]}


@KEYS.refuses(
    "create_key",
    "MalformedPolicyDocumentException",
    words="The new key policy will not allow you to update the key policy in the future.",
    source="terraform-aws-modules/terraform-aws-eks 2843",
)
def the_keys_policy_locks_its_account_out(_: Account) -> Arguments:
    service = {"Service": "logs.eu-central-1.amazonaws.com"}
    return {"Policy": _document({**_all_of_a_key(service), "Action": ["kms:Encrypt", "kms:Decrypt"]})}


@KEYS.refuses(
    "put_key_policy",
    "MalformedPolicyDocumentException",
    words="The new key policy will not allow you to update the key policy in the future.",
    source="terraform-aws-modules/terraform-aws-kms 14",
)
def a_changed_policy_locks_the_account_out(account: Account) -> Arguments:
    only_use = {**_all_of_a_key({"AWS": "arn:aws:iam::111122223333:root"}), "Action": "kms:Decrypt"}
    return {"KeyId": account.key(), "PolicyName": "default", "Policy": _document(only_use)}


@KEYS.refuses(
    "create_key",
    "MalformedPolicyDocumentException",
    words="Policy contains a statement with one or more invalid principals.",
    source="awslabs/minimum-viable-dataspace-on-aws 5",
)
def the_keys_policy_names_a_role_that_does_not_exist(_: Account) -> Arguments:
    root = _all_of_a_key({"AWS": "arn:aws:iam::111122223333:root"})
    return {"Policy": _document(root, {**_all_of_a_key({"AWS": _ABSENT}), "Action": "kms:Decrypt"})}


@KEYS.refuses(
    "create_alias",
    "AlreadyExistsException",
    words="An alias with the name arn:aws:kms:eu-central-1:111122223333:alias/",
    source="cloudbees-oss/terraform-aws-cloudbees-ci-eks-addon 66",
)
def the_alias_is_taken(account: Account) -> Arguments:
    alias = {"AliasName": f"alias/{new_name('example')}", "TargetKeyId": account.key()}
    account.client("kms").create_alias(**alias)
    return {**alias, "TargetKeyId": account.key()}


@SECRETS.refuses(
    "create_secret",
    "InvalidRequestException",
    words="You can't create this secret because a secret with this name is already scheduled for deletion.",
    source="aws-ia/terraform-aws-eks-blueprints 1733",
)
def a_deleted_secret_has_the_name(account: Account) -> Arguments:
    secret = {"Name": new_name("secret"), "SecretString": "only-for-tests"}
    client = account.client("secretsmanager")
    client.create_secret(**secret)
    client.delete_secret(SecretId=secret["Name"], RecoveryWindowInDays=7)
    return secret


def _document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _trust(principal: dict[str, Any]) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}


def _read(count: int) -> dict[str, Any]:
    """A statement of about `count` times 37 characters."""
    places = [f"arn:aws:s3:::example-bucket-{number:06}/*" for number in range(count)]
    return {"Effect": "Allow", "Action": "s3:GetObject", "Resource": places}


def _all_of_a_key(principal: dict[str, Any]) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": "kms:*", "Resource": "*"}


def _role(account: Account) -> str:
    return account.role().rpartition("/")[2]
