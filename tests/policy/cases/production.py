"""Cases of the rule about what counts as production."""

import dataclasses
import json
from typing import Any

from patchbay_policies.model import Resource

from tests.policy.case import DEV, PRODUCTION, Cases, bad, good, made

ACCOUNT = "444455556666"
REGISTERED = dataclasses.replace(DEV, account=ACCOUNT)
DOUBTED = dataclasses.replace(PRODUCTION, doubt="the register of the policies does not list stack production")
STACK = made("pulumi:pulumi:Stack", "patchbay-production")


def provider(accounts: Any) -> Resource:
    return made("pulumi:providers:aws", "aws", {"allowedAccountIds": accounts})


CASES = {
    "production-is-registered": Cases(
        good=[
            good(STACK),
            good(STACK, provider([ACCOUNT]), environment=REGISTERED),
            good(provider(json.dumps([ACCOUNT])), environment=REGISTERED),
            good(provider(["111122223333"])),
        ],
        bad=[
            bad(STACK, says="does not list stack production", environment=DOUBTED),
            bad(provider(["111122223333"]), says="other accounts than 444455556666", environment=REGISTERED),
            bad(provider([ACCOUNT, "111122223333"]), says="allowedAccountIds", environment=REGISTERED),
            bad(made("pulumi:providers:aws", "aws"), says="allowedAccountIds", environment=REGISTERED),
        ],
    ),
}
