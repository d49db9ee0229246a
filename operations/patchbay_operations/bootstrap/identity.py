"""Who is logged in, and whether the clusters will let them in."""

import os
import re
from typing import Final

from patchbay_operations.bootstrap.findings import RefusedError, Work
from patchbay_operations.stack_file import other_account

STEP: Final = "identity"
# IAM User Guide, "IAM identifiers": a session's ARN leaves out its role's path.
_SESSION: Final = re.compile(r"^arn:aws[\w-]*:sts::\d{12}:assumed-role/(?P<role>[^/]+)/")


def look(work: Work) -> None:
    """RefusedError in another account than the stack's."""
    if elsewhere := os.environ.get("AWS_ENDPOINT_URL"):
        work.look(STEP, f"AWS_ENDPOINT_URL leads to {elsewhere} and not to AWS; take a shell without it to prepare AWS")
    caller = work.access.client("sts").get_caller_identity()
    account = str(caller["Account"])
    if fault := other_account(work.stack.infra.aws.account_id, account):
        raise RefusedError("{}: {}; {}".format(*fault))
    session = _SESSION.match(str(caller["Arn"]))
    if session is None:
        work.look(
            STEP,
            f"account {account}, as {caller['Arn']}, which is no role: only roles may be admins of a cluster. "
            "Log in with a role that stands in clusters.<name>.admins before `pulumi up`",
        )
        return
    role = str(work.access.client("iam").get_role(RoleName=session["role"])["Role"]["Arn"])
    work.found(STEP, f"account {account}, as role {role}")
    outside = [name for name, cluster in work.stack.infra.clusters.items() if role not in cluster.admins]
    for name in outside:
        work.look(
            STEP,
            f"patchbay:infra.clusters.{name}.admins: the role is not there, so that `pulumi up` makes the cluster and "
            f'is let in to nothing in it; add "{role}"',
        )
