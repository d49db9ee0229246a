"""Every check can fail: what somebody spoils by hand makes the check fail that is about it, and no other."""

import pytest
from patchbay_operations.checks.run import CHECKS, run

from tests.emulated.deployment import Deployment
from tests.emulated.mutations import MUTATIONS
from tests.emulated.mutations.mutation import Mutation

pytestmark = pytest.mark.long


def test_every_check_has_something_that_makes_it_fail() -> None:
    assert {mutation.check for mutation in MUTATIONS} == {check.name for check in CHECKS}


@pytest.mark.parametrize(
    ("scratch", "mutation"),
    [pytest.param(one.stack, one, id=one.title.replace(" ", "-")) for one in MUTATIONS],
    indirect=["scratch"],
)
def test_the_check_fails_and_names_the_thing(scratch: Deployment, mutation: Mutation) -> None:
    mutation.spoil(scratch.facts)
    failed = {result.name: result.faults for result in run(scratch.new_facts()) if not result.passed}
    assert set(failed) == {mutation.check, *mutation.others}, failed
    assert any(mutation.names in fault for fault in failed[mutation.check]), failed[mutation.check]
