"""IAM: the audiences of an OIDC provider, which moto cannot change, and the sizes and principals of policies."""

from typing import Any, Final

from moto.iam.models import OpenIDConnectProvider, iam_backends

from patchbay_standins.aws import policy_documents
from patchbay_standins.aws.service import BY_MOTO, AwsError, Call, Result, Served, Service

SERVICE: Final = Service("iam")

# Characters without white space, and policies: the quotas that an account begins with.
_MANAGED_SIZE: Final = 6144
_INLINE_SIZE: Final = 10240
_TRUST_SIZE: Final = 2048
_ATTACHED: Final = 10


@SERVICE.operation("AddClientIDToOpenIDConnectProvider")
def add_client_id(call: Call) -> Result:
    provider = _provider(call)
    if call["ClientID"] not in provider.client_id_list:
        provider.client_id_list.append(call["ClientID"])
    return {}


@SERVICE.operation("RemoveClientIDFromOpenIDConnectProvider")
def remove_client_id(call: Call) -> Result:
    provider = _provider(call)
    provider.client_id_list = [name for name in provider.client_id_list if name != call["ClientID"]]
    return {}


def _provider(call: Call) -> OpenIDConnectProvider:
    return iam_backends[call.account]["aws"].get_open_id_connect_provider(call["OpenIDConnectProviderArn"])


@SERVICE.operation("CreateRole")
def create_role(call: Call) -> Served:
    _require_trust(call, call["AssumeRolePolicyDocument"])
    return BY_MOTO


@SERVICE.operation("UpdateAssumeRolePolicy")
def update_assume_role_policy(call: Call) -> Served:
    _require_trust(call, call["PolicyDocument"])
    return BY_MOTO


@SERVICE.operation("CreatePolicy")
def create_policy(call: Call) -> Served:
    _require_size(call["PolicyDocument"])
    return BY_MOTO


@SERVICE.operation("CreatePolicyVersion")
def create_policy_version(call: Call) -> Served:
    _require_size(call["PolicyDocument"])
    return BY_MOTO


@SERVICE.operation("PutRolePolicy")
def put_role_policy(call: Call) -> Served:
    role = _role(call)
    if role is not None:
        held = {**role.policies, call["PolicyName"]: call["PolicyDocument"]}
        if sum(map(_size, held.values())) > _INLINE_SIZE:
            # gchq/sleeper 1459
            raise _limit(f"Maximum policy size of {_INLINE_SIZE} bytes exceeded for role {role.name}")
    return BY_MOTO


@SERVICE.operation("AttachRolePolicy")
def attach_role_policy(call: Call) -> Served:
    role = _role(call)
    if role is not None and len({*role.managed_policies, call["PolicyArn"]}) > _ATTACHED:
        # aws/eks-hybrid 741
        raise _limit(f"Cannot exceed quota for PoliciesPerRole: {_ATTACHED}")
    return BY_MOTO


def _require_trust(call: Call, document: str) -> None:
    if _size(document) > _TRUST_SIZE:
        # kubernetes-sigs/aws-load-balancer-controller 2718
        raise _limit(f"Cannot exceed quota for ACLSizePerRole: {_TRUST_SIZE}")
    for name in policy_documents.absent_identities(call.account, policy_documents.statements(document)):
        # aws-samples/aws-iam-access-key-auto-rotation 26
        raise AwsError("MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{name}"')


def _require_size(document: str) -> None:
    if _size(document) > _MANAGED_SIZE:
        # ministryofjustice/analytical-platform 6873
        raise _limit(f"Cannot exceed quota for PolicySize: {_MANAGED_SIZE}")


def _size(document: str) -> int:
    return len("".join(document.split()))


def _limit(message: str) -> AwsError:
    return AwsError("LimitExceeded", message, status=409)


def _role(call: Call) -> Any:
    """moto's role, None where there is none of the name."""
    roles = iam_backends[call.account]["aws"].roles.values()
    return next((role for role in roles if role.name == call["RoleName"]), None)
