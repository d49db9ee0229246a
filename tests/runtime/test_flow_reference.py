"""The flow document reference says what the runtime does."""

import json
import re
from pathlib import Path
from typing import Any

from patchbay_runtime.catalog.reference import with_current_tables
from patchbay_runtime.flows.validation import check_flow
from patchbay_runtime.shapes.http_trigger import Config

from tests.runtime import senders

REFERENCE = Path(__file__).parents[2] / "docs" / "flows.md"


def examples() -> list[dict[str, Any]]:
    found = re.findall(r"```json\n(.*?)```", REFERENCE.read_text(encoding="utf-8"), re.DOTALL)
    return [json.loads(example) for example in found]


def test_the_tables_are_current() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    assert text == with_current_tables(text), "run: python -m patchbay_runtime.catalog.reference"


def test_the_example_is_a_flow_that_is_accepted() -> None:
    assert check_flow(examples()[0]).name == "orders"


def test_the_examples_of_webhooks_are_taken() -> None:
    _, github, slack = examples()
    assert Config.model_validate(github["config"]).access == Config.model_validate({"access": senders.GITHUB}).access
    assert Config.model_validate({"access": slack}).access == Config.model_validate({"access": senders.SLACK}).access
