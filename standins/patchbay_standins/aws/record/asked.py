"""Everything that has to be allowed for a call."""

from collections.abc import Iterator

from patchbay_standins.aws.record import actions, arns, context, ec2, implied, reference
from patchbay_standins.aws.record.question import Question
from patchbay_standins.aws.record.reference import Action, Kind
from patchbay_standins.aws.service import Call


def asked(call: Call) -> list[Question]:
    """The call's own action on each resource that it is judged by, and what AWS asks for besides.

    LookupError for an action that IAM does not know.
    """
    prefix = actions.prefix(call.service)
    name = actions.name(call.service, call.operation, call.parameters)
    action = reference.action(prefix, name)
    if action is None:
        raise LookupError(f"IAM knows no action {prefix}:{name}")
    own = [
        Question(action.name, arn, context.of(action, kind, arn, call))
        for kind, arn in _resources(action, prefix, call)
    ]
    return [*own, *implied.questions(call)]


def _resources(action: Action, prefix: str, call: Call) -> list[tuple[Kind | None, str]]:
    found = [(kind, arn) for kind in action.kinds for arn in _of_kind(kind, prefix, call)]
    if found:
        return [*found]
    # Nothing is named: a listing is of everything, and what is made has no name of its caller's.
    needed = [kind for kind in action.kinds if kind.required]
    return [(kind, arns.made(kind, prefix, call)) for kind in needed] or [(None, "*")]


def _of_kind(kind: Kind, prefix: str, call: Call) -> Iterator[str]:
    named = arns.of(kind, prefix, call)
    yield from named
    tagged = prefix == "ec2" and kind.name in ec2.tagged(call)
    if (kind.is_made and kind.required and not named) or tagged:
        yield arns.made(kind, prefix, call)
