"""What a deployment is given for a change that no test makes is what AWS' own deployments call for it."""

import fnmatch
from typing import Final

from patchbay_operations.permissions.reasons import SCHEMAS, actions, load_reasons

from tests.unit.infra.delivery_schemas import TYPES, schemas

# Of types that no stack's deployment makes: an administrator's, and one that `edge.shield` adds.
READ: Final = ("AWS::CloudTrail::Trail", "AWS::Shield::Protection")


def test_a_reason_that_names_the_schemas_has_one_that_lists_its_action() -> None:
    handlers = (one for kind in (*TYPES, *READ) for one in schemas()[kind].get("handlers", {}).values())
    listed = {action.lower() for handler in handlers for action in handler.get("permissions", ())}
    named = {action for one in load_reasons("delivery-apply") if one.source == SCHEMAS for action in actions(one)}
    assert named
    assert not [one for one in sorted(named) if not fnmatch.filter(listed, one.lower())]
