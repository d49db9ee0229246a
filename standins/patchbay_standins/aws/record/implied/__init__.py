"""What AWS asks the caller for besides the call's own action: roles, keys and tags that are handed on, and more.

Each row says where that is written. `schema:` names a CloudFormation schema which lists the action among those that
making, changing or deleting one takes.
"""

from collections.abc import Iterator

from patchbay_standins.aws.record.implied import keys, nodes, others, passed_roles, tagging
from patchbay_standins.aws.record.question import Question
from patchbay_standins.aws.service import Call


def questions(call: Call) -> Iterator[Question]:
    """All that AWS asks besides."""
    yield from passed_roles.questions(call)
    yield from keys.questions(call)
    yield from others.questions(call)
    yield from nodes.questions(call)
    yield from tagging.questions(call)
