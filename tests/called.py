"""What workloads call on an emulated account, held to the rights that they have in production.

Their tests tell their calls from those that the tests themselves make: by the access key of the pod's identity, or by
what the client says that it runs in.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from patchbay_infra.cluster import workload_rights
from patchbay_infra.context import Context
from patchbay_infra.delivery.boundary import ceiling, denials
from patchbay_infra.delivery.scope import Scope
from patchbay_operations.permissions import judgement
from patchbay_operations.permissions.evaluation import Rights, statements, texts
from patchbay_operations.permissions.recorded import Recorded
from patchbay_operations.permissions.roles import Role

from tests.emulated import calls
from tests.standins.aws.account import REGION, ZONES

# Of the stack dev.
ENVIRONMENT: Final = "dev"
CLUSTER: Final = "patchbay-dev-shared"
INSTANCE: Final = "patchbay-dev-databases-write"
# As EKS names the Auto Scaling group of a managed node group, before an id of its own.
GROUPS: Final = f"eks-{CLUSTER}-flows"
_STATE_KEY: Final = "key/00000000-0000-4000-8000-000000000009"
AUTOSCALER: Final = workload_rights.AUTOSCALER.name
DATABASE_ACCESS: Final = "database-access"
METRICS: Final = "cloudwatch-metrics"


def role(workload: str, account: str) -> Role:
    """That of the workload, with the rights and the boundary that the program gives it in dev, if that is `account`."""
    context = Context(ENVIRONMENT, REGION, account, ZONES, production=False, owner="example", cost_center="example")
    rights = {
        AUTOSCALER: workload_rights.autoscaler_rights(context, CLUSTER),
        DATABASE_ACCESS: workload_rights.database_access_rights(context.arn("rds", f"db:{INSTANCE}")),
        METRICS: workload_rights.cloudwatch_metrics_rights(),
    }[workload]
    scope = Scope(context)
    denied = denials(scope, [REGION], state_key=context.arn("kms", _STATE_KEY), kept=())
    boundary = {"Statement": [*ceiling(scope), *denied]}
    return Role(f"{CLUSTER}-{workload}", "", {}, Rights(({"Statement": list(rights)},), boundary), ())


def hold(workload: str, account: str, made: Sequence[Recorded], *, whole: bool = True) -> None:
    """Fails where the workload called what it may not, or nothing at all, or did not use a right.

    `whole`: whether these are all calls that tests have it make; of a part nothing follows for its rights.
    """
    assert made, f"no call of {workload} is recorded"
    judge = role(workload, account)
    rights = calls.report([(judge, made)], ENVIRONMENT, workload)[judge.name]
    found = faults(judge, made)
    if whole:
        found += [f"{one}: no call needs it; take it away" for one in rights if not one.used]
    assert not found, "\n".join(found)


def faults(judge: Role, made: Sequence[Recorded]) -> list[str]:
    """What the role may not of the calls, and which of them could not be read."""
    return [*calls.unread(made), *map(str, judgement.denied(judge, made))]


def without(action: str, holder: Role) -> Role:
    """A role of which no statement has the action any more."""
    policies = tuple({"Statement": [_less(action, one) for one in statements(it)]} for it in holder.rights.policies)
    return replace(holder, rights=Rights(policies, holder.rights.boundary))


def _less(action: str, statement: Any) -> dict[str, Any]:
    kept = [one for one in texts(statement.get("Action")) if one != action]
    return {**statement, **({"Action": kept or "none:None"} if statement["Effect"] == "Allow" else {})}
