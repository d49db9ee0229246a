"""Who may do what on the clusters' API servers."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from patchbay_operations.checks.check import Check
from patchbay_operations.checks.facts import Facts

_ADMIN: Final = "AmazonEKSClusterAdminPolicy"
# Of AWS' policies, what a pull request may have: everything in namespaces but Secrets.
_VIEW: Final = "AmazonEKSViewPolicy"
_NEEDED: Final[Mapping[str, str]] = {"apply": _ADMIN, "plan": _VIEW}


def _deliveries(facts: Facts) -> Iterator[str | None]:
    account = facts.access.client("sts").get_caller_identity()["Account"]
    for cluster in facts.clusters:
        for job, needed in _NEEDED.items():
            role = f"patchbay-{facts.environment}-delivery-{job}"
            held = _held(facts, cluster["name"], f"arn:aws:iam::{account}:role/{role}")
            yield None if held == {needed} else f"{role} has {_told(held)} on {cluster['name']}, not {needed}"


def _administrators(facts: Facts) -> Iterator[str | None]:
    """Beside the deployments: without one nobody gets in when they fail."""
    for cluster in facts.clusters:
        name = cluster["name"]
        people = [entry for entry in _entries(facts, name) if ":role/patchbay-" not in entry]
        able = [entry for entry in people if _ADMIN in _held(facts, name, entry)]
        yield None if able else f"no person's role administers {name}"


def _entries(facts: Facts, cluster: str) -> list[str]:
    return facts.pages("eks", "list_access_entries", "accessEntries", clusterName=cluster)


def _held(facts: Facts, cluster: str, principal: str) -> set[str]:
    """The policies that hold in the whole cluster; none without an entry."""
    if principal not in _entries(facts, cluster):
        return set()
    associated: list[dict[str, Any]] = facts.pages(
        "eks",
        "list_associated_access_policies",
        "associatedAccessPolicies",
        clusterName=cluster,
        principalArn=principal,
    )
    return {one["policyArn"].rpartition("/")[2] for one in associated if one["accessScope"]["type"] == "cluster"}


def _told(policies: set[str]) -> str:
    return ", ".join(sorted(policies)) or "nothing"


CHECKS = (
    Check("cluster access", "Do deployments administer every cluster, and pull requests only look?", _deliveries),
    Check("cluster administrators", "Does a person administer every cluster?", _administrators),
)
