"""Which conditions of a statement say who the caller is, so that `Principal: "*"` is not everybody.

S3 counts a policy as non-public for fixed values of such keys only:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html. What a caller can choose
(a referer, a tag of its own account, a region) says nothing, and neither does what everybody meets (TLS, a date).
Keys: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

import re
from collections.abc import Callable
from typing import Final

from patchbay_policies.documents import Condition, Statement
from patchbay_policies.patterns import is_open
from patchbay_policies.ranges import world

# Only these answer no to a caller that lacks the key. `...IfExists`, `ForAllValues:` and `Null` do not, `Not...` names
# whom it is not: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
TEXT: Final = frozenset({"stringequals", "stringequalsignorecase", "stringlike"})
_ARN: Final = TEXT | {"arnequals", "arnlike"}
# A key with many values, of which one must match.
_PATHS: Final = frozenset({f"foranyvalue:{operator}" for operator in TEXT})
_ADDRESS: Final = frozenset({"ipaddress"})
# Broader IPv6 ranges make a bucket's policy public.
_IPV6_LIMIT: Final = 32

_FIXED_KEYS: Final = (
    "aws:principalaccount",
    "aws:principalorgid",
    "aws:sourceaccount",
    "aws:sourceorgid",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:vpceaccount",
    "aws:vpceorgid",
    "kms:calleraccount",
    "s3:dataaccesspointaccount",
)
_ARN_KEYS: Final = ("aws:principalarn", "aws:sourcearn", "s3:dataaccesspointarn")
_PATH_KEYS: Final = ("aws:principalorgpaths", "aws:sourceorgpaths", "aws:vpceorgpaths")
_ORGANISATION: Final = re.compile(r"o-[a-z0-9]+/")


def fixed(value: str) -> bool:
    """One value, which the request has no say in."""
    return bool(value) and not is_open(value)


def names_callers(statement: Statement) -> bool:
    """Whether a statement's conditions let only named callers in: one line that does is enough, as all must hold."""
    return any(_names(condition) for condition in statement.conditions)


def holds_all(condition: Condition, operators: frozenset[str], right: Callable[[str], bool]) -> bool:
    """Whether a line has one of these operators, and every value that it takes is right."""
    return condition.operator in operators and bool(condition.values) and all(map(right, condition.values))


def _names(condition: Condition) -> bool:
    if condition.key == "aws:sourceip":
        narrow = not world(condition.values, ipv6_limit=_IPV6_LIMIT)
        return holds_all(condition, _ADDRESS, fixed) and narrow
    if condition.key in _ARN_KEYS:
        spans = condition.operator == "stringlike"
        return holds_all(condition, _ARN, lambda value: _names_account(value, spans=spans))
    if condition.key in _PATH_KEYS:
        return holds_all(condition, _PATHS, lambda value: bool(_ORGANISATION.match(value)) and "${" not in value)
    return condition.key in _FIXED_KEYS and holds_all(condition, TEXT, fixed)


def _names_account(arn: str, *, spans: bool) -> bool:
    """Whether an ARN's pattern is of one account, or of one thing where ARNs know no account, as S3's.

    `spans`: a `*` takes in colons too, so that nothing before the account may be open.
    """
    segments = arn.split(":", 5)
    if len(segments) < 6 or "${" in arn:
        return False
    if spans and is_open(":".join(segments[:5])):
        return False
    account, resource = segments[4], segments[5]
    return fixed(account) or (not account and fixed(resource.partition("/")[0]))
