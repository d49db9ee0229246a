"""Which patterns of ARNs name something, and which are everything of a service.

ARNs by service: https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

import re
from typing import Final

from patchbay_policies.patterns import beginning, is_open, matches

# Their ARNs end with the thing's own name, without a type before it.
_UNTYPED: Final = frozenset({"s3", "sns", "sqs"})
# AWS chooses the ids of everything in them, so that only region and account can be named.
_GENERATED: Final = frozenset({"ec2", "elasticloadbalancing"})
# Whoever has all of a type in them has the account.
_POWERFUL: Final = frozenset({"account", "iam", "organizations", "sts"})
_ROLE: Final = "role"


def names_nothing(pattern: str) -> bool:
    """Whether a pattern takes in everything of a service, of a type of everybody, or more."""
    segments = pattern.split(":", 5)
    if len(segments) < 6:
        # A `*` goes beyond the segment that it ends.
        return is_open(pattern)
    service, account, resource = segments[2].lower(), segments[4], segments[5]
    if is_open(service):
        return True
    if _names(service, resource):
        return False
    type_ = re.split(r"[/:]", resource)[0]
    if is_open(account) or service in _POWERFUL or service in _UNTYPED or resource == type_:
        return True
    if is_open(type_):
        return service not in _GENERATED or is_open(segments[3])
    return False


def any_role(pattern: str) -> bool:
    """Whether a pattern takes in roles without naming them."""
    segments = pattern.split(":", 5)
    if len(segments) < 6:
        return is_open(pattern)
    if not matches(segments[2], "iam"):
        return False
    type_, _, name = segments[5].partition("/")
    return (matches(type_, _ROLE) or (is_open(type_) and not name)) and not beginning(name)


def _names(service: str, resource: str) -> bool:
    if not is_open(resource):
        return True
    pieces = re.split(r"[/:]", resource)
    if service in _UNTYPED:
        return bool(re.search(r"[a-zA-Z0-9]", pieces[0]))
    if service in _POWERFUL:
        return len(pieces) > 1 and bool(beginning(pieces[1]))
    return any(beginning(piece) for piece in pieces[1:])
