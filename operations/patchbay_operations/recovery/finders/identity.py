"""IAM, KMS and certificates."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from patchbay_operations.access import Access

Inputs = Mapping[str, Any]


def _role(inputs: Inputs, access: Access) -> str | None:
    access.client("iam").get_role(RoleName=inputs["name"])
    return str(inputs["name"])


def _policy(inputs: Inputs, access: Access) -> str | None:
    for page in access.client("iam").get_paginator("list_policies").paginate(Scope="Local"):
        for policy in page["Policies"]:
            if policy["PolicyName"] == inputs["name"]:
                return str(policy["Arn"])
    return None


def _open_id_connect_provider(inputs: Inputs, access: Access) -> str | None:
    host = inputs["url"].removeprefix("https://").rstrip("/")
    for provider in access.client("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"]:
        if provider["Arn"].partition(":oidc-provider/")[2] == host:
            return str(provider["Arn"])
    return None


def _key(inputs: Inputs, access: Access) -> str | None:
    """Keys have no name, and no call finds them by tag in every account: their number is small."""
    wanted = (inputs.get("tags") or {}).get("Name")
    client = access.client("kms", region=inputs.get("region"))
    for key in _keys(client):
        tags = {tag["TagKey"]: tag["TagValue"] for tag in client.list_resource_tags(KeyId=key)["Tags"]}
        if wanted is not None and tags.get("Name") == wanted:
            state = client.describe_key(KeyId=key)["KeyMetadata"]["KeyState"]
            if state not in {"PendingDeletion", "PendingReplicaDeletion"}:
                return key
    return None


def _keys(client: Any) -> Iterator[str]:
    for page in client.get_paginator("list_keys").paginate():
        for key in page["Keys"]:
            # A key that AWS made for one of its services cannot be read, and is never ours.
            if client.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyManager"] == "CUSTOMER":
                yield key["KeyId"]


def _alias(inputs: Inputs, access: Access) -> str | None:
    client = access.client("kms", region=inputs.get("region"))
    for page in client.get_paginator("list_aliases").paginate():
        if any(alias["AliasName"] == inputs["name"] for alias in page["Aliases"]):
            return str(inputs["name"])
    return None


def _certificate(inputs: Inputs, access: Access) -> str | None:
    client = access.client("acm", region=inputs.get("region"))
    wanted = (inputs.get("tags") or {}).get("Name")
    for page in client.get_paginator("list_certificates").paginate():
        for summary in page["CertificateSummaryList"]:
            arn = summary["CertificateArn"]
            tags = {tag["Key"]: tag["Value"] for tag in client.list_tags_for_certificate(CertificateArn=arn)["Tags"]}
            if wanted is not None and tags.get("Name") == wanted:
                return str(arn)
    return None


FINDERS: Final = {
    "aws:acm/certificate:Certificate": _certificate,
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": _open_id_connect_provider,
    "aws:iam/policy:Policy": _policy,
    "aws:iam/role:Role": _role,
    "aws:kms/alias:Alias": _alias,
    "aws:kms/key:Key": _key,
}
