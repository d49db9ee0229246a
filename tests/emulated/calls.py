"""The calls that deployments make, held to the roles that make them in production.

`python -m tests.emulated.calls` sums up the reports of the last run: how many calls were judged, and which rights
nobody used, of the delivery roles, with what they are for, and of workloads' (`tests.called`).
"""

import hashlib
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from patchbay_local.machine import paths
from patchbay_operations.permissions import judgement
from patchbay_operations.permissions.evaluation import Call, texts
from patchbay_operations.permissions.judgement import Denied, Given
from patchbay_operations.permissions.reasons import load_reasons, purpose
from patchbay_operations.permissions.recorded import Recorded
from patchbay_operations.permissions.roles import Role

FOLDER: Final = paths.REPORTS / "calls"
APPLY: Final = "delivery-apply"
# Commands of the engine: the roles that run them, by the end of their names. Whoever reviews a change may look for
# drift as well as whoever deploys it.
RUN_BY: Final[Mapping[str, tuple[str, ...]]] = {
    "pulumi-preview": ("delivery-plan", APPLY),
    "pulumi-refresh": ("delivery-plan", APPLY),
    "pulumi-up": (APPLY,),
    "pulumi-destroy": (APPLY,),
    "pulumi-import": (APPLY,),
}


@dataclass(frozen=True)
class Judged:
    """`faults`: what a role may not of the calls, and needs. `rights`: the apply role's, used or not."""

    faults: list[str]
    rights: list[Given]


@dataclass(frozen=True)
class Administrators:
    """Calls that no job of the code host makes, though the tests' account sees them: `{}` is the names' prefix.

    `untagged`: on what does not bear the environment's tag, of which an account has one. `named`: on what bears such a
    `Name` tag, where AWS chooses the ARN. `only`: the environments that make it; empty: all.
    """

    actions: tuple[str, ...]
    resource: str
    reason: str
    untagged: bool = False
    named: str = "*"
    only: tuple[str, ...] = ()

    def covered(self, refused: Iterable[Denied], prefix: str) -> list[Denied]:
        found = [one for one in refused if self._covers(one.call, prefix)]
        return found if not self.untagged or len({one.call.resource for one in found}) == 1 else []

    def _covers(self, call: Call, prefix: str) -> bool:
        meant = any(fnmatchcase(call.action, action) for action in self.actions)
        tagged = "aws:ResourceTag/patchbay:environment" in call.context
        named = fnmatchcase(str(call.context.get("aws:ResourceTag/Name", "")), self.named.format(prefix))
        return (
            meant
            and named
            and fnmatchcase(call.resource, self.resource.format(prefix))
            and not (self.untagged and tagged)
        )


# docs/environments.md, "What stays with an administrator".
_DEFAULTS: Final = "what AWS makes together with a VPC bears no tag yet"
_GUARDS: Final = "a deployment is among what is watched"
_BACKUPS: Final = "backups are what is left after the worst deployment"
ADMINISTRATORS: Final = (
    Administrators(("iam:*",), "arn:aws:iam::*:role/{}delivery-*", "the apply role cannot touch its own rights"),
    Administrators(("iam:*",), "arn:aws:iam::*:policy/{}delivery-*", "the apply role cannot touch its own rights"),
    Administrators(
        ("iam:*OpenIDConnectProvider",), "arn:aws:iam::*:oidc-provider/*", "the apply role cannot touch its own rights"
    ),
    Administrators(("route53:CreateHostedZone",), "*", "Route 53 knows neither names nor tags in policies"),
    Administrators(
        ("ec2:CreateTags", "ec2:RevokeSecurityGroup*"), "arn:aws:ec2:*:security-group/sg-*", _DEFAULTS, untagged=True
    ),
    Administrators(
        ("ec2:CreateTags", "ec2:DeleteNetworkAclEntry"), "arn:aws:ec2:*:network-acl/acl-*", _DEFAULTS, untagged=True
    ),
    Administrators(("guardduty:*",), "*", _GUARDS, only=("staging", "production")),
    Administrators(("events:*",), "arn:aws:events:*:rule/{}auditing-*", _GUARDS, only=("staging", "production")),
    Administrators(("cloudtrail:*",), "arn:aws:cloudtrail:*:trail/*", _GUARDS, only=("production",)),
    Administrators(("config:*",), "*", _GUARDS, only=("production",)),
    Administrators(("securityhub:*",), "arn:aws:securityhub:*:hub/default", _GUARDS, only=("production",)),
    Administrators(("s3:Put*",), "arn:aws:s3:::{}auditing-*", _GUARDS, only=("production",)),
    Administrators(("kms:*",), "arn:aws:kms:*:key/*", _GUARDS, named="{}auditing-records", only=("production",)),
    Administrators(("backup:*",), "arn:aws:backup:*", _BACKUPS, only=("production",)),
    Administrators(("events:*",), "arn:aws:events:*:rule/{}backups-*", _BACKUPS, only=("production",)),
    Administrators(("iam:*",), "arn:aws:iam::*:role/{}backups", _BACKUPS, only=("production",)),
)


def by_role(calls: Iterable[Recorded], prefix: str) -> dict[str, list[Recorded]]:
    """By the name of the role that makes them; what tests ask themselves is nobody's."""
    found: dict[str, list[Recorded]] = {}
    for call in calls:
        for role in RUN_BY.get(call.environment, ()):
            found.setdefault(f"{prefix}{role}", []).append(call)
    return found


def refused(calls: Iterable[Recorded], roles: Sequence[Role], environment: str) -> list[Denied]:
    """What the roles may not of what they do in production, and what administrators do among it."""
    named = {role.name: role for role in roles}
    made = by_role(calls, f"patchbay-{environment}-")
    return [denied for name, theirs in made.items() for denied in judgement.denied(named[name], theirs)]


def faults(calls: Sequence[Recorded], roles: Sequence[Role], environment: str) -> list[str]:
    """What a role may not of the calls and needs, or that could not be read."""
    prefix = f"patchbay-{environment}-"
    found = refused(calls, roles, environment)
    excused = [denied for row in ADMINISTRATORS for denied in row.covered(found, prefix)]
    return [*unread(calls), *(str(denied) for denied in found if denied not in excused)]


def unread(calls: Iterable[Recorded]) -> list[str]:
    """What the record could not read, each once."""
    return list(dict.fromkeys(f"{call.operation} is not understood: {call.unread}" for call in calls if call.unread))


def report(made: Iterable[tuple[Role, Sequence[Recorded]]], environment: str, name: str) -> dict[str, list[Given]]:
    """Keeps what the roles' calls say of their rights, as `FOLDER/<environment>/<name>.json`.

    The rights, by the roles' names.
    """
    content, rights = {}, {}
    for role, calls in made:
        rights[role.name] = judgement.given(role, calls)
        content[role.name] = {
            "calls": len(calls),
            "questions": sum(len(call.asked) for call in calls),
            "given": _given(role),
            "unused": sorted(str(one) for one in rights[role.name] if not one.used),
        }
    file = FOLDER / environment / f"{name}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content, indent=1))
    return rights


def _given(role: Role) -> str:
    """The same for roles with the same actions."""
    given = sorted({action for one in judgement.allowing(role.rights.policies) for action in texts(one.get("Action"))})
    return hashlib.sha256("\n".join(given).encode()).hexdigest()


def summary(folder: Path) -> str:
    """Of all reports of an environment on roles as they were last: a right is unused where no record used it."""
    files = sorted(folder.glob("*.json"), key=lambda file: file.stat().st_mtime)
    contents: list[dict[str, Any]] = [json.loads(file.read_text()) for file in files]
    lines = []
    for role in sorted({name for content in contents for name in content}):
        of_it = [content[role] for content in contents if role in content]
        of_it = [one for one in of_it if one["given"] == of_it[-1]["given"]]
        unused = set[str].intersection(*(set(one["unused"]) for one in of_it))
        calls, questions = (sum(one[part] for one in of_it) for part in ("calls", "questions"))
        lines.append(f"{role}: {calls} calls, {questions} questions to IAM, {len(unused)} rights that nobody used")
        lines += [f"  {_explained(one)}" for one in sorted(unused)]
    return "\n".join(lines)


def _explained(unused: str) -> str:
    """With what the right is for, where the table of reasons has it."""
    role, _, right = unused.partition(": ")
    action, _, resources = right.partition(" on ")
    given = Given(role, action, tuple(resources.split(", ")), used=False)
    return f"{right} ({found})" if (found := purpose(load_reasons(APPLY), given)) else right


if __name__ == "__main__":
    if not FOLDER.is_dir():
        sys.exit(f"{FOLDER} is not there: the tests of tests/emulated write it")
    for folder in sorted(FOLDER.iterdir()):
        print(summary(folder))
