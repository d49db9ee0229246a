"""Who may assume a role."""

import re
from collections.abc import Callable, Iterator
from typing import Final

from patchbay_policies.callers import TEXT, fixed, holds_all, names_callers
from patchbay_policies.documents import UNREADABLE, Statement, read
from patchbay_policies.model import Environment, Resource, ResourceRule
from patchbay_policies.patterns import beginning, is_open
from patchbay_policies.reading import at
from patchbay_policies.tokens import ROLE

_WEB_IDENTITY: Final = "sts:AssumeRoleWithWebIdentity"
_GITHUB: Final = "token.actions.githubusercontent.com"
# GitHub's subject begins with the repository, its owner or an id of them; every other claim is the workflow's choice:
# https://docs.github.com/en/actions/reference/security/oidc
_REPOSITORY: Final = re.compile(
    r"repo:[^/:*?$]+/[^/:*?$]+(:|$)|(repository|repository_id|repository_owner|repository_owner_id):[^:*?$]+(:|$)"
)
# Words that every subject of a provider has; what stands between them says whose it is.
_KEYWORDS: Final = frozenset(
    {
        "branch",
        "deploy",
        "environment",
        "org",
        "organization",
        "project",
        "project_path",
        "pulumi",
        "ref",
        "ref_type",
        "repo",
        "serviceaccount",
        "system",
        "user",
        "workspace",
    }
)


def _trust(resource: Resource, _: Environment) -> Iterator[str]:
    document = read(at(resource.props, "assumeRolePolicy"))
    if not document.readable:
        yield UNREADABLE
    for statement in document.allowing:
        if "notprincipal" in statement.excepts:
            yield "everybody but those whom it lists may assume it (NotPrincipal)"
        for kind, name in statement.principals:
            if is_open(name):
                if not names_callers(statement):
                    yield "anybody may assume it"
            elif kind.lower() == "federated" and ":saml-provider/" not in name and statement.may(_WEB_IDENTITY):
                yield from _web_identity(statement, name)


def _web_identity(statement: Statement, provider: str) -> Iterator[str]:
    issuer = provider.partition(":oidc-provider/")[2] or provider
    github = issuer.partition("/")[0] == _GITHUB

    def named(subject: str) -> bool:
        return bool(_REPOSITORY.match(subject)) if github else _says_whose(subject)

    if not _asks(statement, f"{issuer}:sub", named):
        yield (
            "every identity of the provider may assume it: its condition names no subject "
            f"({issuer}:sub, by StringEquals or StringLike)"
        )
    if not _asks(statement, f"{issuer}:aud", fixed):
        yield f"its condition names no audience ({issuer}:aud, by StringEquals)"


def _asks(statement: Statement, key: str, right: Callable[[str], bool]) -> bool:
    return any(condition.key == key.lower() and holds_all(condition, TEXT, right) for condition in statement.conditions)


def _says_whose(subject: str) -> bool:
    """Whether a subject is one, or its beginning has a whole part that is no word of the provider's."""
    if fixed(subject):
        return True
    whole = re.split(r"[:/]", beginning(subject))[:-1]
    return any(part and part not in _KEYWORDS for part in whole)


RULES: Final = (
    ResourceRule(
        name="trust-names-somebody",
        description="Every role names who may assume it.",
        remedy="Name the account, the service, or the identity provider's audience and subject, which for GitHub "
        "begins repo:OWNER/REPOSITORY:, by StringEquals or StringLike.",
        types=frozenset({ROLE}),
        limits="A document made from values that a preview does not know is read at the update.",
        check=_trust,
    ),
)
