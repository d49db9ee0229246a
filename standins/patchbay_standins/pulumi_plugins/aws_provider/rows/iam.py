"""IAM: roles, policies and identity providers."""

from typing import Any

from patchbay_standins.pulumi_plugins.aws_provider.fields import document, unordered
from patchbay_standins.pulumi_plugins.aws_provider.resource import Resource
from patchbay_standins.pulumi_plugins.aws_provider.row import Call, Field, Row, Tags, Update


def _set_boundary(resource: Resource) -> None:
    boundary, name = resource.inputs.get("permissionsBoundary"), resource.value("name")
    if boundary:
        resource.call("put_role_permissions_boundary", RoleName=name, PermissionsBoundary=boundary)
    elif resource.before.get("permissionsBoundary"):
        resource.call("delete_role_permissions_boundary", RoleName=name)


def _delete_role(resource: Resource) -> None:
    name = resource.value("name")
    if resource.inputs.get("forceDetachPolicies"):
        for policy in resource.call("list_attached_role_policies", RoleName=name)["AttachedPolicies"]:
            resource.call("detach_role_policy", RoleName=name, PolicyArn=policy["PolicyArn"])
        for policy in resource.call("list_role_policies", RoleName=name)["PolicyNames"]:
            resource.call("delete_role_policy", RoleName=name, PolicyName=policy)
    resource.call("delete_role", RoleName=name)


def _new_policy_version(resource: Resource) -> None:
    """AWS keeps five versions of a policy: the oldest goes when a sixth comes."""
    versions = resource.call("list_policy_versions", PolicyArn=resource.id)["Versions"]
    spare = [item["VersionId"] for item in versions if not item["IsDefaultVersion"]]
    if len(versions) >= 5:
        oldest = min(spare, key=lambda version: int(version[1:]))
        resource.call("delete_policy_version", PolicyArn=resource.id, VersionId=oldest)
    resource.call(
        "create_policy_version", PolicyArn=resource.id, PolicyDocument=resource.inputs["policy"], SetAsDefault=True
    )


def _read_policy(resource: Resource) -> dict[str, Any]:
    policy = dict(resource.call("get_policy", PolicyArn=resource.id)["Policy"])
    version = resource.call("get_policy_version", PolicyArn=resource.id, VersionId=policy["DefaultVersionId"])
    return {**policy, "PolicyDocument": version["PolicyVersion"]["Document"]}


def _delete_policy(resource: Resource) -> None:
    for version in resource.call("list_policy_versions", PolicyArn=resource.id)["Versions"]:
        if not version["IsDefaultVersion"]:
            resource.call("delete_policy_version", PolicyArn=resource.id, VersionId=version["VersionId"])
    resource.call("delete_policy", PolicyArn=resource.id)


def _set_client_ids(resource: Resource) -> None:
    """Client ids are added and removed one by one."""
    new, old = (set(values.get("clientIdLists", ())) for values in (resource.inputs, resource.before))
    for client in sorted(new - old):
        resource.call(
            "add_client_id_to_open_id_connect_provider", OpenIDConnectProviderArn=resource.id, ClientID=client
        )
    for client in sorted(old - new):
        resource.call(
            "remove_client_id_from_open_id_connect_provider", OpenIDConnectProviderArn=resource.id, ClientID=client
        )


def _host_and_path(url: Any) -> Any:
    return url.partition("://")[2] or url


def _parse_attachment(identifier: str) -> dict[str, str]:
    """`role/policy ARN`, as the real provider imports it, or `role-policy ARN`."""
    role, arn, rest = identifier.partition("/arn:")
    if not arn:
        role, arn, rest = identifier.partition("-arn:")
    return {"role": role, "policyArn": f"arn:{rest}"}


ROWS = (
    Row(
        "aws:iam/role:Role",
        "iam",
        create=Call("create_role", at="Role"),
        id="{name}",
        read=Call("get_role", at="Role"),
        updates=(
            Update(("assumeRolePolicy",), Call("update_assume_role_policy", {"PolicyDocument": "{assumeRolePolicy}"})),
            Update(("description", "maxSessionDuration"), Call("update_role")),
            Update(("permissionsBoundary",), _set_boundary),
        ),
        delete=_delete_role,
        fields=(
            Field("name", aws="RoleName"),
            document("assumeRolePolicy", aws="AssumeRolePolicyDocument"),
            Field("permissionsBoundary", read="PermissionsBoundary.PermissionsBoundaryArn"),
            Field("maxSessionDuration", default=3600),
            Field("path", default="/"),
            Field("description", default=""),
            Field("forceDetachPolicies", aws="", default=False),
        ),
        outputs={
            "uniqueId": "{RoleId}",
            "createDate": lambda _, live: live["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
        tags=Tags(tag=Call("tag_role"), untag=Call("untag_role")),
        options=("forceDetachPolicies",),
        required=("name",),
    ),
    Row(
        "aws:iam/rolePolicy:RolePolicy",
        "iam",
        create=Call("put_role_policy"),
        id="{role}:{name}",
        read=Call("get_role_policy"),
        updates=(Update(("policy",), Call("put_role_policy")),),
        delete=Call("delete_role_policy"),
        fields=(
            Field("role", aws="RoleName"),
            Field("name", aws="PolicyName"),
            document("policy", aws="PolicyDocument"),
        ),
        required=("name",),
    ),
    Row(
        "aws:iam/policy:Policy",
        "iam",
        create=Call("create_policy", at="Policy"),
        id="{Arn}",
        read=_read_policy,
        updates=(Update(("policy",), _new_policy_version),),
        delete=_delete_policy,
        fields=(
            Field("name", aws="PolicyName"),
            document("policy", aws="PolicyDocument"),
            Field("path", default="/"),
            Field("description", default=""),
        ),
        tags=Tags(
            tag=Call("tag_policy", {"PolicyArn": "{id}"}),
            untag=Call("untag_policy", {"PolicyArn": "{id}"}),
        ),
        required=("name",),
    ),
    Row(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "iam",
        create=Call("attach_role_policy"),
        id="{role}-{policyArn}",
        parse=_parse_attachment,
        read=Call(
            "list_attached_role_policies",
            at="AttachedPolicies[?PolicyArn=={policyArn}] | [0]",
        ),
        delete=Call("detach_role_policy"),
        fields=(Field("role", aws="RoleName"),),
    ),
    Row(
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        "iam",
        create=Call("create_open_id_connect_provider"),
        id="{OpenIDConnectProviderArn}",
        read=Call("get_open_id_connect_provider", {"OpenIDConnectProviderArn": "{id}"}),
        updates=(
            Update(("clientIdLists",), _set_client_ids),
            Update(
                ("thumbprintLists",),
                Call("update_open_id_connect_provider_thumbprint", {"OpenIDConnectProviderArn": "{id}"}),
            ),
        ),
        delete=Call("delete_open_id_connect_provider", {"OpenIDConnectProviderArn": "{id}"}),
        fields=(
            Field("url", normal=_host_and_path),
            unordered("clientIdLists", aws="ClientIDList"),
            Field("thumbprintLists", aws="ThumbprintList"),
        ),
        outputs={"arn": "{id}"},
        tags=Tags(
            tag=Call("tag_open_id_connect_provider", {"OpenIDConnectProviderArn": "{id}"}),
            untag=Call("untag_open_id_connect_provider", {"OpenIDConnectProviderArn": "{id}"}),
        ),
    ),
)
