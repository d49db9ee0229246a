"""What is done by hand to the entries of people and deliveries into clusters."""

from patchbay_operations.checks.facts import Facts

from tests.emulated.mutations.mutation import Mutation


def _plan_reads_secrets(facts: Facts) -> None:
    account = facts.access.client("sts").get_caller_identity()["Account"]
    facts.access.client("eks").associate_access_policy(
        clusterName=facts.clusters[0]["name"],
        principalArn=f"arn:aws:iam::{account}:role/patchbay-{facts.environment}-delivery-plan",
        policyArn="arn:aws:eks::aws:cluster-access-policy/AmazonEKSAdminViewPolicy",
        accessScope={"type": "cluster"},
    )


def _shut_out(facts: Facts, *roles: str) -> None:
    eks, cluster = facts.access.client("eks"), facts.clusters[0]["name"]
    for entry in facts.pages("eks", "list_access_entries", "accessEntries", clusterName=cluster):
        if entry.rpartition("/")[2] in roles:
            eks.delete_access_entry(clusterName=cluster, principalArn=entry)


CLUSTERS = (
    Mutation(
        "deployments shut out of a cluster",
        "dev",
        "cluster access",
        "patchbay-dev-delivery-apply has nothing on patchbay-dev-shared",
        lambda facts: _shut_out(facts, "patchbay-dev-delivery-apply"),
    ),
    Mutation(
        "pull requests that read Secrets",
        "dev",
        "cluster access",
        "patchbay-dev-delivery-plan has AmazonEKSAdminViewPolicy",
        _plan_reads_secrets,
    ),
    Mutation(
        "a cluster that nobody administers",
        "dev",
        "cluster administrators",
        "no person's role administers patchbay-dev-shared",
        lambda facts: _shut_out(facts, "example-developer"),
    ),
)
