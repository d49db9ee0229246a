"""Our evaluator of policies and MiniStack's, which somebody else wrote, on one table of AWS' documented answers."""

import json
import subprocess
from typing import Final

import pytest
from patchbay_local.build.own_environments import MINISTACK
from patchbay_operations.permissions.evaluation import Rights, allowed

from tests.operations.permission_cases import CASES, Case

# Reads cases, and writes whether each is allowed.
PROGRAM: Final = """
import json, sys
from ministack.core.iam_evaluator import EvalContext, evaluate, parse_policy_document as parse

def answer(case):
    keys = {key.lower(): value for key, value in case["context"].items()}
    context = EvalContext(
        "arn:aws:sts::111122223333:assumed-role/example/session", "AssumedRole", "111122223333",
        case["action"], case["resource"], "eu-central-1",
        source_ip=keys.get("aws:sourceip", "127.0.0.1"), service_context=keys,
    )
    layers = [[parse(document)] for document in case["layers"]]
    return evaluate(context, *layers).decision == "Allow"

print(json.dumps([answer(case) for case in json.load(sys.stdin)]))
"""


@pytest.fixture(scope="module")
def ministack() -> dict[str, bool]:
    """Whether MiniStack allows it, by the case's title."""
    cases = [
        {
            "action": case.call.action,
            "resource": case.call.resource,
            "context": dict(case.call.context),
            "layers": [{"Statement": [*layer]} for layer in (case.statements, case.boundary) if layer is not None],
        }
        for case in CASES
    ]
    command = [str(MINISTACK.program("python")), "-I", "-c", PROGRAM]
    done = subprocess.run(command, input=json.dumps(cases), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answers: list[bool] = json.loads(done.stdout)
    return dict(zip((case.title for case in CASES), answers, strict=True))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title.replace(" ", "-"))
def test_it_is_judged_as_the_documentation_says(case: Case) -> None:
    boundary = None if case.boundary is None else {"Statement": [*case.boundary]}
    assert allowed(Rights(({"Statement": [*case.statements]},), boundary), case.call) is case.allowed, case.page


def test_both_say_the_same_but_for_what_is_known_to_be_wrong_in_the_other(ministack: dict[str, bool]) -> None:
    differing = {case.title for case in CASES if ministack[case.title] is not case.allowed}
    assert differing == {case.title for case in CASES if case.differs}
