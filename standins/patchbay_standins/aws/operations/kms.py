"""KMS: a key's policy leaves the key to its account, and names nobody who does not exist."""

from typing import Final

from patchbay_standins.aws import policy_documents
from patchbay_standins.aws.service import BY_MOTO, AwsError, Call, Served, Service

SERVICE: Final = Service("kms")


@SERVICE.operation("CreateKey")
def create_key(call: Call) -> Served:
    _require_policy(call)
    return BY_MOTO


@SERVICE.operation("PutKeyPolicy")
def put_key_policy(call: Call) -> Served:
    _require_policy(call)
    return BY_MOTO


def _require_policy(call: Call) -> None:
    if not call.get("Policy"):
        return
    found = policy_documents.statements(call["Policy"])
    # awslabs/minimum-viable-dataspace-on-aws 5
    if any(policy_documents.absent_identities(call.account, found)):
        raise _malformed("Policy contains a statement with one or more invalid principals.")
    if call.get("BypassPolicyLockoutSafetyCheck", False):
        return
    # terraform-aws-modules/terraform-aws-eks 2843. Who calls is not known: any of the account will do.
    account = {"*", call.account, f"arn:aws:iam::{call.account}:root", *policy_documents.identities(call.account)}
    if not any(
        policy_documents.allows(statement, ["kms:PutKeyPolicy"])
        and "Condition" not in statement
        and account & set(policy_documents.principals(statement, "AWS"))
        for statement in found
    ):
        raise _malformed("The new key policy will not allow you to update the key policy in the future.")


def _malformed(message: str) -> AwsError:
    return AwsError("MalformedPolicyDocumentException", message)
