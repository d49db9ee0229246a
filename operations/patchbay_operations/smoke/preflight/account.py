"""Who is logged in, and whether that may make and destroy the environment."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from patchbay_operations.access import Access
from patchbay_operations.smoke.preflight.lack import Lacks
from patchbay_operations.smoke.stack_file import Stack
from patchbay_operations.stack_file import other_account

# IAM User Guide, "IAM identifiers": a session's ARN leaves out its role's path.
_SESSION: Final = re.compile(r"^arn:aws[\w-]*:sts::\d{12}:assumed-role/(?P<role>[^/]+)/")


def elsewhere(environment: Mapping[str, str], lacks: Lacks) -> None:
    """A shell of `make env` leads to this machine."""
    for name, value in sorted(environment.items()):
        # AWS' tools take an address for each service, too: AWS_ENDPOINT_URL_S3.
        if value and (name.startswith("AWS_ENDPOINT_URL") or name == "PULUMI_BACKEND_URL"):
            lacks.add(name, f"leads to {_place(value)}", "take a shell without it: this is about real AWS")


def _place(address: str) -> str:
    """Where it leads, without what may stand in it of a user and a password."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def look(access: Access, stack: Stack | None, lacks: Lacks) -> None:
    """`stack`: None where its file cannot be read; then it is only asked whether anybody is logged in."""
    with lacks.asking("sts:GetCallerIdentity"):
        caller = access.client("sts").get_caller_identity()
        if stack is not None:
            _caller(access, stack, str(caller["Account"]), str(caller["Arn"]), lacks)


def _caller(access: Access, stack: Stack, account: str, arn: str, lacks: Lacks) -> None:
    if fault := other_account(stack.infra.aws.account_id, account):
        lacks.add(*fault)
        return
    session = _SESSION.match(arn)
    if session is None:
        lacks.add("sts:GetCallerIdentity", f"{arn} is no role, and only roles enter a cluster", "log in with a role")
        return
    if session["role"].startswith(f"patchbay-{stack.environment}-"):
        lacks.add(
            "sts:GetCallerIdentity",
            f"{session['role']} is a role of the environment, which would be deleted under way",
            "log in with a role that the environment does not make",
        )
        return
    with lacks.asking("iam:GetRole"):
        role = str(access.client("iam").get_role(RoleName=session["role"])["Role"]["Arn"])
        for name, cluster in stack.infra.clusters.items():
            if role not in cluster.admins:
                lacks.add(
                    f"patchbay:infra.clusters.{name}.admins",
                    "your role is not there, so that no object of Kubernetes could be made or deleted",
                    f'add "{role}"',
                )


def identity_provider(access: Access, stack: Stack, lacks: Lacks) -> None:
    """An account has one provider for each issuer, and the job that runs this may have come by it."""
    issuer = stack.infra.delivery.issuer.removeprefix("https://")
    if stack.infra.delivery.provider_arn is not None:
        return
    with lacks.asking("iam:ListOpenIDConnectProviders"):
        listed = access.client("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"]
        for provider in listed:
            if str(provider["Arn"]).endswith(f":oidc-provider/{issuer}"):
                lacks.add(
                    "patchbay:infra.delivery.providerArn",
                    f"the account has an identity provider of {issuer} already, and takes no second one",
                    f'set it to "{provider["Arn"]}"',
                )
