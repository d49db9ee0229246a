"""Other accounts than the environment's own: whoever is let in from one, or is handed something, is listed.

Every input of every AWS resource is searched, so that no kind of grant is forgotten: access entries, trust, grants of
keys, shared snapshots and images, endpoint services, peerings, policies of resources. Policies of identities, which
let nobody in, are not.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from patchbay_policies.documents import Condition, Statement, has_principals, read
from patchbay_policies.model import UNKNOWN, Environment, Resource, ResourceRule
from patchbay_policies.reading import joined

_ACCOUNT: Final = re.compile(r"\d{12}")
# Documents of Systems Manager are shared with a list in one text.
_ACCOUNTS: Final = re.compile(r"\d{12}(,\d{12})*")
# A security group over a peering: https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-security-groups.html
_GROUP: Final = re.compile(r"(\d{12})/sg-\w+")
_ORGANISATION: Final = re.compile(r"o-[a-z0-9]{10,32}")
# Principals that show no account: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
_UNIQUE_ID: Final = re.compile(r"A(?:GPA|IDA|IPA|NPA|NVA|ROA|SCA)[A-Z0-9]{12,}")
_LABELS: Final = frozenset({"tags", "tagsAll"})
# Keys by which a statement says whose the caller is:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
_CALLERS: Final = re.compile(
    r"(aws:(principal|source|vpce|resource)(account|arn|org(id|paths))|aws:sourceowner|kms:calleraccount"
    r"|s3:dataaccesspoint(account|arn)|kms:grantee\w*)"
)


def _foreign(resource: Resource, environment: Environment) -> Iterator[str]:
    own = {environment.own_account, *environment.trusted}
    for name, value in resource.props.items():
        if name in _LABELS:
            continue
        others = sorted(set(_named(value)) - own)
        if others:
            yield f"{name} names {joined(others)}, outside of account {environment.own_account or 'unknown'}"


def _named(value: Any) -> Iterator[str]:
    """Accounts, organisations and principals without an account that a value lets in or hands something to."""
    if value is UNKNOWN or isinstance(value, bool):
        return
    if isinstance(value, str) and (inner := _json(value)) is not None and _word(inner, "Statement") is None:
        yield from _named(inner)
    elif has_principals(value):
        for statement in read(value).allowing:
            yield from _let_in(statement)
    elif isinstance(value, Mapping):
        yield from _grantee(value)
        for inner in value.values():
            yield from _named(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _named(inner)
    elif isinstance(value, str):
        yield from _of_text(value)
    elif isinstance(value, int | float) and value == int(value):
        yield from _of_text(str(int(value)))


def _json(text: str) -> Any:
    """What a template or a state in JSON describes; None for other text."""
    if text.lstrip()[:1] not in {"{", "["}:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None


def _word(value: Any, name: str) -> Any:
    """The value of a key that may be spelled in any case."""
    if not isinstance(value, Mapping):
        return None
    return next((inner for key, inner in value.items() if str(key).lower() == name.lower()), None)


def _grantee(value: Mapping[Any, Any]) -> Iterator[str]:
    """Of an access control list: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Grantee.html"""
    kind = _word(value, "type")
    if kind == "CanonicalUser":
        yield f"the canonical user {_word(value, 'id')}"
    elif kind == "AmazonCustomerByEmail":
        yield f"the account of {_word(value, 'emailAddress')}"


def _let_in(statement: Statement) -> Iterator[str]:
    for kind, name in statement.principals:
        if kind.lower() == "canonicaluser":
            yield f"the canonical user {name}"
        elif kind.lower() != "service":
            yield from _of_text(name)
    for condition in statement.conditions:
        if _says_whose(condition):
            for value in condition.values:
                yield from _of_text(value)


def _says_whose(condition: Condition) -> bool:
    """What a `Not...` lists is kept out."""
    return bool(_CALLERS.fullmatch(condition.key)) and "not" not in condition.operator


def _of_text(text: str) -> Iterator[str]:
    if _ACCOUNTS.fullmatch(text):
        yield from text.split(",")
    elif group := _GROUP.fullmatch(text):
        yield group[1]
    elif _UNIQUE_ID.fullmatch(text):
        yield f"the principal {text}"
    elif text.startswith("arn:"):
        segments = text.split(":", 5)
        if len(segments) == 6 and _ACCOUNT.fullmatch(segments[4]):
            yield segments[4]
        if segments[2:3] == ["organizations"]:
            yield from _ORGANISATION.findall(text)
    elif _ORGANISATION.match(text):
        yield text.partition("/")[0]


RULES: Final = (
    ResourceRule(
        name="other-accounts-are-listed",
        description="Nothing is opened or handed to another account or organisation than the environment's own.",
        remedy="Take it out, or list the account or organisation in policies/patchbay_policies/register.py with what "
        "it is for.",
        types=frozenset(),
        package="aws",
        limits="A value that a preview does not know is read at the update. Accounts in the policies of identities "
        "are not looked at: they let nobody in. What shows no account, such as the ARN of a bucket, or the id of an "
        "endpoint, is nobody's.",
        check=_foreign,
    ),
)
