"""Who may assume a role.

What GitHub's tokens say of themselves: https://docs.github.com/en/actions/concepts/security/openid-connect. Claims that
anybody's workflow can choose, and `repo` without an owner, are what checkov refuses as CKV_AWS_358. Operators on a key
with one value, and what they answer when it is missing:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
"""

from typing import Any, Final

from patchbay_policies import tokens

from tests.policy.crafted.row import ACCOUNT, ORGANISATION, Row, document

_GITHUB: Final = "token.actions.githubusercontent.com"
_EKS: Final = "oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLE"
_SUB: Final = f"{_GITHUB}:sub"
_EXACT: Final = "repo:example/patchbay:environment:production"
_AUDIENCE: Final = {f"{_GITHUB}:aud": "sts.amazonaws.com"}
_WEB: Final = "sts:AssumeRoleWithWebIdentity"


def _role(name: str, *statements: dict[str, Any]) -> Row:
    return Row(name, tokens.ROLE, {"assumeRolePolicy": document(*statements)}, "trust-names-somebody")


def _trusted(principal: Any, action: Any = "sts:AssumeRole", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": action, **more}


def _provider(issuer: str = _GITHUB) -> dict[str, str]:
    return {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer}"}


def _web(condition: dict[str, Any], issuer: str = _GITHUB, action: Any = _WEB) -> dict[str, Any]:
    return _trusted(_provider(issuer), action, Condition=condition)


def _subject(name: str, operator: str, value: Any, key: str = _SUB, issuer: str = _GITHUB) -> Row:
    """With a right audience, so that only the subject is judged."""
    audience = {f"{issuer}:aud": "sts.amazonaws.com"}
    said = {key: value}
    both = {operator: audience | said} if operator == "StringEquals" else {"StringEquals": audience, operator: said}
    return _role(name, _web(both, issuer))


def _audience(name: str, operator: str, value: Any) -> Row:
    both = {"StringEquals": {_SUB: _EXACT}, operator: {f"{_GITHUB}:aud": value}}
    if operator == "StringEquals":
        both = {operator: {_SUB: _EXACT, f"{_GITHUB}:aud": value}}
    return _role(name, _web(both))


BYPASSES = (
    _subject("every repository", "StringLike", "repo:*"),
    _subject("every repository's pull requests", "StringLike", "*:pull_request"),
    _subject("every owner's main branch", "StringLike", "repo:*/*:ref:refs/heads/main"),
    _subject("every owner's environment of that name", "StringLike", "repo:*:environment:production"),
    _subject("every owner whose name begins so", "StringLike", "repo:exam*/patchbay:environment:production"),
    _subject("every repository of the owner", "StringLike", "repo:example/*:environment:production"),
    _subject("the claim's name half a wildcard", "StringLike", "r*:example/patchbay:*"),
    _subject("one wildcard character and the rest", "StringLike", "?epo:*"),
    _subject("a claim that every workflow chooses", "StringLike", "environment:production*"),
    _subject("a branch without its repository", "StringEquals", "ref:refs/heads/main"),
    _subject("everybody but one", "StringNotEquals", _EXACT),
    _subject("everybody unlike one", "StringNotLike", "repo:example/patchbay:*"),
    _subject("one, or whoever has no subject", "StringEqualsIfExists", _EXACT),
    _subject("alike, or whoever has no subject", "StringLikeIfExists", "repo:example/patchbay:*"),
    _subject("all of no values", "ForAllValues:StringEquals", _EXACT),
    _subject("a set operator on one value", "ForAnyValue:StringLike", "repo:example/patchbay:*"),
    _subject("whoever has a subject", "Null", "false"),
    _subject("one, or every repository", "StringLike", [_EXACT, "repo:*"]),
    _subject("a tag that the caller chooses", "StringEquals", _EXACT, "aws:RequestTag/:sub"),
    _subject("another provider's subject", "StringEquals", _EXACT, "other.example.com:sub"),
    _subject("a variable for the repository", "StringLike", "repo:${aws:PrincipalTag/repo}:*"),
    _subject("every namespace of a cluster", "StringLike", "system:serviceaccount:*:runtime", f"{_EKS}:sub", _EKS),
    _subject("every project", "StringLike", "project_path:*:ref_type:branch:ref:main", "gitlab.com:sub", "gitlab.com"),
    _audience("an audience that must not be", "StringNotEquals", "sts.amazonaws.com"),
    _audience("every audience", "StringLike", "*"),
    _audience("an audience, where there is one", "StringEqualsIfExists", "sts.amazonaws.com"),
    _role("no condition, and every action of STS", _trusted(_provider(), "sts:*")),
    _role("no condition, and the action in other letters", _trusted(_provider(), "STS:assumerolewithwebidentity")),
    _role("no condition, and half an action", _trusted(_provider(), ["sts:AssumeRoleWith?ebIdentity"])),
    _role("everybody but one account", {**_trusted(None), "NotPrincipal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}),
    _role("everybody in a list", _trusted({"AWS": [f"arn:aws:iam::{ACCOUNT}:root", "*"]})),
    _role("everybody by TLS", _trusted("*", Condition={"Bool": {"aws:SecureTransport": "true"}})),
    _role(
        "a second statement",
        _trusted({"Service": "pods.eks.amazonaws.com"}),
        _web({"StringEquals": _AUDIENCE, "StringLike": {_SUB: "repo:*"}}),
    ),
)

HARMLESS = (
    _subject("one environment of one repository", "StringEquals", _EXACT),
    _subject("pull requests of one repository", "StringEquals", "repo:example/patchbay:pull_request"),
    _subject("everything of one repository", "StringLike", "repo:example/patchbay:*"),
    _subject("two repositories", "StringEquals", [_EXACT, "repo:example/other:environment:production"]),
    _subject("one subject in other letters", "StringEqualsIgnoreCase", _EXACT),
    _subject("a key in other letters", "StringEquals", _EXACT, "Token.Actions.GitHubUserContent.com:SUB"),
    _subject("a service account", "StringEquals", "system:serviceaccount:patchbay-runtime:api", f"{_EKS}:sub", _EKS),
    _subject("a namespace", "StringLike", "system:serviceaccount:patchbay-runtime:*", f"{_EKS}:sub", _EKS),
    _subject(
        "one project's branch",
        "StringEquals",
        "project_path:example/patchbay:ref_type:branch:ref:main",
        "gitlab.com:sub",
        "gitlab.com",
    ),
    _role(
        "one subject, and not one branch of it",
        _web(
            {
                "StringEquals": {**_AUDIENCE, _SUB: "repo:example/patchbay:pull_request"},
                "StringNotEquals": {f"{_GITHUB}:ref": "refs/heads/main"},
            }
        ),
    ),
    _role(
        "one subject, and whatever it is like",
        _web({"StringEquals": {**_AUDIENCE, _SUB: _EXACT}, "StringLike": {_SUB: "repo:*"}}),
    ),
    _role("a service", _trusted({"Service": "pods.eks.amazonaws.com"}, ["sts:AssumeRole", "sts:TagSession"])),
    _role("two services", _trusted({"Service": ["ec2.amazonaws.com", "ssm.amazonaws.com"]})),
    _role("an account", _trusted({"AWS": f"arn:aws:iam::{ACCOUNT}:root"})),
    _role("an account by its number", _trusted({"AWS": ACCOUNT})),
    _role(
        "people by the organisation's sign-in",
        _trusted(
            {"Federated": f"arn:aws:iam::{ACCOUNT}:saml-provider/example"},
            "sts:AssumeRoleWithSAML",
            Condition={"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}},
        ),
    ),
    _role(
        "everybody of the organisation",
        _trusted({"AWS": "*"}, Condition={"StringEquals": {"aws:PrincipalOrgID": ORGANISATION}}),
    ),
    _role(
        "nobody in plain text",
        _trusted({"Service": "ec2.amazonaws.com"}),
        {**_trusted("*"), "Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
    ),
)
