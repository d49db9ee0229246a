"""Every check that `make emulate` makes, one test each: what AWS says of the environment, not what the program says."""

import pytest
from patchbay_operations.checks.check import Check
from patchbay_operations.checks.facts import Facts
from patchbay_operations.checks.run import CHECKS


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name.replace(" ", "-"))
def test_it_holds(check: Check, facts: Facts) -> None:
    result = check.run(facts)
    assert result.seen, "there was nothing to look at"
    assert not result.faults, f"{check.question} No: {'; '.join(result.faults)}"
