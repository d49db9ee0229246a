"""The rules as a document for reviewers."""

from collections.abc import Iterator

from patchbay_policies.exceptions import EXCEPTIONS
from patchbay_policies.model import Level, ResourceRule, StackRule
from patchbay_policies.rules import ALL, SUBJECTS

_HEAD = """\
# Policies

What no environment may get past review. `pulumi preview --policy-pack policies` applies the rules to a program,
`pulumi up --policy-pack policies` to an update. A **mandatory** rule ends both non-zero, an *advisory* one only shows.
Each message names the resource, the rule and the remedy.

A rule that looks at *one* resource is decided by its inputs, before it is created or changed. A rule that looks at
*several* is decided at the end of a preview, and again at the end of an update. A value that a preview does not know
yet breaks no rule then; the update decides.

Everything is production but the stacks that `policies/patchbay_policies/register.py` lists with their accounts, as far
as their config says `production: false`, the stack's own name and that account
([why](decisions/0024-what-counts-as-production.md)). The config alone switches no rule off.

`--policy-pack-config FILE` changes a rule's settings or its level in one environment. Rules that look at several
resources share the policy `resources-together`, whose config switches each off by its name:

```json
{
  "logs-expire": {"maxDays": 90},
  "no-unlimited-egress": "mandatory",
  "resources-together": {"disabled": ["flow-logs-on"], "objects-expire": {"maxDays": 90}}
}
```

The pack needs nothing of the rest of the repository: `pulumi install` in `policies/` makes its own environment from
`policies/requirements.txt`. `make emulate` takes the repository's, while there is none.

This page is made by `.venv/bin/python -m patchbay_policies > docs/policies.md`.
"""


def page() -> str:
    """The whole page, in Markdown."""
    return "\n".join([_HEAD, _count(), *_subjects(), *_exceptions()]) + "\n"


def _count() -> str:
    mandatory = sum(rule.level is Level.MANDATORY for rule in ALL)
    return f"{len(ALL)} rules, {mandatory} of them mandatory.\n"


def _subjects() -> Iterator[str]:
    for subject, rules in SUBJECTS.items():
        yield f"## {subject}\n"
        yield "| rule | level | looks at | what it asks | remedy |"
        yield "| --- | --- | --- | --- | --- |"
        yield from (_row(rule) for rule in rules)
        yield ""


def _row(rule: ResourceRule | StackRule) -> str:
    level = "**mandatory**" if rule.level is Level.MANDATORY else "*advisory*"
    looks_at = "one" if isinstance(rule, ResourceRule) else "several"
    settings = "".join(f" Setting `{name}`: {setting.default}." for name, setting in rule.settings.items())
    asks = " ".join(part for part in (rule.description, rule.limits) if part) + settings
    return f"| `{rule.name}` | {level} | {looks_at} | {_cell(asks)} | {_cell(rule.remedy)} |"


def _exceptions() -> Iterator[str]:
    yield "## Exceptions\n"
    yield "| rule | resource | why |"
    yield "| --- | --- | --- |"
    for exception in EXCEPTIONS:
        yield f"| `{exception.rule}` | `{exception.name}` ({exception.type}) | {_cell(exception.reason)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
