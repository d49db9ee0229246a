"""Whoever deploys an environment may make every call that its deployment makes, and who reviews it every call of that.

Each other test of this folder that changes a stack holds its own calls to the roles when it ends (`scratch`).
"""

import functools
import json
import re
from collections.abc import Callable
from importlib.resources import files
from typing import Any, Final

import pytest
from patchbay_operations.permissions.evaluation import statements
from patchbay_operations.permissions.judgement import given
from patchbay_operations.permissions.reasons import load_reasons, untold
from patchbay_operations.permissions.recorded import read
from patchbay_operations.permissions.roles import Role

from tests.called import AUTOSCALER, DATABASE_ACCESS, METRICS, role, without
from tests.emulated.calls import ADMINISTRATORS, APPLY, refused
from tests.emulated.deployment import Deployment

FIRST: Final = "first deployment"


def test_a_first_deployment_makes_no_call_that_is_denied_to_who_makes_it(deployment: Deployment) -> None:
    assert not (faults := deployment.judged(deployment.roles, FIRST).faults), "\n".join(faults)


def test_every_right_is_used_by_the_first_deployment_or_has_a_reason(deployment: Deployment) -> None:
    """The plan role's with the apply role's: the latter has them all."""
    environment = deployment.emulation.config.environment
    plan, apply = (
        next(one for one in deployment.roles if one.name == f"patchbay-{environment}-{job}")
        for job in ("delivery-plan", APPLY)
    )
    assert {(one.action, one.resources) for one in given(plan, [])} <= {
        (one.action, one.resources) for one in given(apply, [])
    }
    rights = deployment.judged(deployment.roles, FIRST).rights
    assert not (faults := untold(load_reasons(APPLY), environment, rights)), "\n".join(faults)


def test_every_call_that_is_left_to_an_administrator_is_made_and_denied_to_everybody_else(
    deployment: Deployment,
) -> None:
    environment, record = deployment.emulation.config.environment, deployment.record
    denied = refused(read(record), deployment.roles, environment)
    rows = [row for row in ADMINISTRATORS if not row.only or environment in row.only]
    needless = [row for row in rows if not row.covered(denied, f"patchbay-{environment}-")]
    assert not needless, needless


def test_every_question_is_one_that_the_service_authorization_reference_knows(deployment: Deployment) -> None:
    """As cfn-lint has the reference from AWS' policy generator; the record has it from AWS' pages."""
    asked = {(one.action, one.resource) for call in read(deployment.record) for one in call.asked}
    assert len(asked) > 500
    unknown = [f"{action} on {resource}" for action, resource in sorted(asked) if not known(action, resource)]
    assert not unknown, "\n".join(unknown)


def known(action: str, resource: str) -> bool:
    """Whether the reference has the action, and judges it by resources of that form."""
    prefix, _, name = action.partition(":")
    service = authorization_reference()[prefix]
    kinds = service["Actions"][name.lower()].get("Resources") or []
    if resource == "*":
        # Of everything, or of what has no name yet.
        return not kinds or name.startswith(("Describe", "List", "Get"))
    forms = {kind.lower(): entry["ARNFormats"] for kind, entry in service["Resources"].items()}
    return any(matches(form, resource) for kind in kinds for form in forms[kind.lower()])


def matches(form: str, arn: str) -> bool:
    pattern = form.replace("${Partition}", "aws").replace("${Region}", "[a-z0-9-]*").replace("${Account}", "[a-z0-9]*")
    return re.fullmatch(pattern, arn) is not None


@functools.cache
def authorization_reference() -> dict[str, Any]:
    file = files("cfnlint") / "data" / "AdditionalSpecs" / "Policies.json"
    found: dict[str, Any] = json.loads(file.read_text())
    return found


@pytest.mark.parametrize(
    ("lost", "missed"),
    [
        ("rds:*", "rds:CreateDBInstance on arn:aws:rds:eu-central-1:444455556666:db:patchbay-dev-databases-write"),
        ("iam:PassRole", "iam:PassRole on arn:aws:iam::444455556666:role/patchbay-dev-shared-nodes"),
        ("ce:TagResource", "ce:TagResource on arn:aws:ce::444455556666:anomalymonitor/*"),
        ("kms:CreateGrant", "kms:CreateGrant on arn:aws:kms:eu-central-1:444455556666:key/"),
    ],
)
def test_a_right_that_is_taken_away_is_named_with_who_needs_it_and_where(
    lost: str, missed: str, deployments: Callable[[str], Deployment]
) -> None:
    dev = deployments("dev")
    denied = [str(one) for one in refused(read(dev.record), [without(lost, one) for one in dev.roles], "dev")]
    assert any(one.startswith(f"patchbay-dev-delivery-apply may not {missed}") for one in denied), denied


@pytest.mark.parametrize("workload", [AUTOSCALER, DATABASE_ACCESS, METRICS])
def test_a_workload_is_given_the_rights_by_which_the_tests_of_it_judge_its_calls(
    workload: str, deployments: Callable[[str], Deployment]
) -> None:
    dev = deployments("dev")
    judge = role(workload, dev.emulation.config.account)
    (given,) = [one for one in dev.roles if one.name == judge.name]
    assert all_statements(given) == all_statements(judge)
    assert not given.managed


def all_statements(holder: Role) -> list[Any]:
    """Of its policies and, the last, of its boundary."""
    return [statements(one) for one in (*holder.rights.policies, holder.rights.boundary or {})]
