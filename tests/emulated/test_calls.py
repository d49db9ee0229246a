"""Whoever deploys an environment may make every call that its deployment makes, and who reviews it every call of that.

Each other test of this folder that changes a stack holds its own calls to the roles when it ends (`scratch`).
"""

from patchbay_operations.permissions.recorded import read

from tests.emulated.calls import ADMINISTRATORS, refused
from tests.emulated.deployment import Deployment


def test_a_first_deployment_makes_no_call_that_is_denied_to_who_makes_it(deployment: Deployment) -> None:
    assert not (faults := deployment.faults(deployment.roles, "first deployment")), "\n".join(faults)


def test_every_call_that_is_left_to_an_administrator_is_made_and_denied_to_everybody_else(
    deployment: Deployment,
) -> None:
    environment, record = deployment.emulation.config.environment, deployment.record
    denied = refused(read(record), deployment.roles, environment)
    needless = [row for row in ADMINISTRATORS if not row.covered(denied, f"patchbay-{environment}-")]
    assert not needless, needless
