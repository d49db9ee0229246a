"""What watches over deployments, and what is left after the worst of them: no deployment changes it."""

from collections.abc import Sequence
from typing import Final

from patchbay_infra.policy_document import Statement, deny

# Turning a guard of the account off, or down; and whatever ends a recovery point, a plan of backups or a vault's lock.
_GUARDS: Final = (
    "backup:Delete*",
    "backup:Disassociate*",
    "backup:Put*",
    "backup:Stop*",
    "backup:Update*",
    "cloudtrail:Delete*",
    "cloudtrail:Put*",
    "cloudtrail:Stop*",
    "cloudtrail:Update*",
    "config:Delete*",
    "config:Put*",
    "config:Stop*",
    "guardduty:Create*",
    "guardduty:Delete*",
    "guardduty:Disassociate*",
    "guardduty:Update*",
    "s3:BypassGovernanceRetention",
    "securityhub:BatchDisable*",
    "securityhub:Disable*",
    "securityhub:Update*",
)


def watched() -> Sequence[Statement]:
    """For the roles of the code host's jobs, whatever else an administrator gives them one day."""
    return (deny(list(_GUARDS), ["*"]),)
