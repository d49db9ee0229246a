"""What is said to be asked besides a call's own action stands where the row says that it does."""

import json
import re
from importlib.resources import files
from typing import Final

import pytest
from patchbay_standins.aws.record import reference
from patchbay_standins.aws.record.implied import keys, nodes, others, passed_roles, tagging

_SCHEMA: Final = "schema:"
# Actions that a row stands for, and where it says that they are written down.
ROWS: Final = (
    *(("iam:PassRole", row.source) for row in passed_roles.PASSED),
    *(("iam:GetRole", row.source) for row in passed_roles.PASSED if row.looked_at),
    *((action, row.source) for row in keys.HANDED for action in ("kms:CreateGrant", "kms:DescribeKey")),
    *((action, row.source) for row in others.LOOKS for action in row.actions),
    *(("iam:CreateServiceLinkedRole", row.source) for row in others.LINKED),
    *(("iam:GetRole", row.source) for row in others.LINKED if row.looked_at),
    *((action, nodes.SOURCE) for action in ("ec2:RunInstances", "ec2:CreateTags")),
)


def test_the_schema_or_the_page_that_a_row_names_is_there() -> None:
    listed: dict[str, set[str]] = {}
    named = {source.removeprefix(_SCHEMA) for _, source in ROWS}
    for file in (files("cfnlint") / "data" / "schemas" / "resources").iterdir():
        text = file.read_text() if file.name.endswith(".json") else ""
        if (name := type_name(text)) in named:
            handlers = json.loads(text).get("handlers", {}).values()
            listed[name] = {one.lower() for handler in handlers for one in handler.get("permissions", ())}
    missing = [
        (action, source)
        for action, source in ROWS
        if not source.startswith("https://docs.aws.amazon.com/")
        and action.lower() not in listed.get(source.removeprefix(_SCHEMA), ())
    ]
    assert not missing


def type_name(schema: str) -> str:
    """Without reading the whole of it."""
    found = re.search(r'"typeName":\s*"([^"]+)"', schema)
    return found[1] if found else "no type"


@pytest.mark.parametrize("making", sorted(tagging.TAGGED))
def test_what_tags_a_new_thing_is_an_action_that_knows_its_kind(making: str) -> None:
    name, kind = tagging.TAGGED[making]
    action = reference.action(making.partition(":")[0], name)
    assert action is not None
    assert kind in {one.name for one in action.kinds}
