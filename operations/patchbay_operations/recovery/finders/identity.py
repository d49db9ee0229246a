"""IAM, KMS and certificates."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from patchbay_operations.access import Access

Inputs = Mapping[str, Any]


def _role(inputs: Inputs, access: Access) -> Iterator[str]:
    access.client("iam").get_role(RoleName=inputs["name"])
    yield inputs["name"]


def _policy(inputs: Inputs, access: Access) -> Iterator[str]:
    for page in access.client("iam").get_paginator("list_policies").paginate(Scope="Local"):
        for policy in page["Policies"]:
            if policy["PolicyName"] == inputs["name"]:
                yield policy["Arn"]


def _open_id_connect_provider(inputs: Inputs, access: Access) -> Iterator[str]:
    host = inputs["url"].removeprefix("https://").rstrip("/")
    for provider in access.client("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"]:
        if provider["Arn"].partition(":oidc-provider/")[2] == host:
            yield provider["Arn"]


def _key(inputs: Inputs, access: Access) -> Iterator[str]:
    """Keys have no name, and no call finds them by tag in every account: their number is small."""
    wanted = (inputs.get("tags") or {}).get("Name")
    client = access.client("kms")
    for page in client.get_paginator("list_keys").paginate():
        for key in (entry["KeyId"] for entry in page["Keys"]):
            about = client.describe_key(KeyId=key)["KeyMetadata"]
            # The tags of a key that AWS made for one of its services cannot be read.
            if about["KeyManager"] != "CUSTOMER" or about["KeyState"] == "PendingDeletion":
                continue
            tags = {tag["TagKey"]: tag["TagValue"] for tag in client.list_resource_tags(KeyId=key)["Tags"]}
            if wanted is not None and tags.get("Name") == wanted:
                yield key


def _alias(inputs: Inputs, access: Access) -> Iterator[str]:
    for page in access.client("kms").get_paginator("list_aliases").paginate():
        if any(alias["AliasName"] == inputs["name"] for alias in page["Aliases"]):
            yield inputs["name"]


def _certificate(inputs: Inputs, access: Access) -> Iterator[str]:
    client = access.client("acm")
    wanted = (inputs.get("tags") or {}).get("Name")
    for page in client.get_paginator("list_certificates").paginate():
        for summary in page["CertificateSummaryList"]:
            arn = summary["CertificateArn"]
            tags = {tag["Key"]: tag["Value"] for tag in client.list_tags_for_certificate(CertificateArn=arn)["Tags"]}
            if wanted is not None and tags.get("Name") == wanted:
                yield arn


FINDERS: Final = {
    "aws:acm/certificate:Certificate": _certificate,
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": _open_id_connect_provider,
    "aws:iam/policy:Policy": _policy,
    "aws:iam/role:Role": _role,
    "aws:kms/alias:Alias": _alias,
    "aws:kms/key:Key": _key,
}
