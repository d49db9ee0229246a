"""The cases of every rule, by the rule's name."""

from tests.policy.case import Cases
from tests.policy.cases import backups, cluster, data, encryption, guards, identity, kubernetes, network, production

CASES: dict[str, Cases] = {
    **network.CASES,
    **identity.CASES,
    **encryption.CASES,
    **data.CASES,
    **cluster.CASES,
    **kubernetes.CASES,
    **production.CASES,
    **guards.CASES,
    **backups.CASES,
}
