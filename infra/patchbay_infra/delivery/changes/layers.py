"""All layers of an environment, each with what a deployment changes in it."""

from collections.abc import Mapping, Sequence

from patchbay_infra.delivery.changes.data import data_changes
from patchbay_infra.delivery.changes.edge import edge_changes
from patchbay_infra.delivery.changes.identity import identity_changes
from patchbay_infra.delivery.changes.keys import key_changes
from patchbay_infra.delivery.changes.network import network_changes
from patchbay_infra.delivery.changes.platform import platform_changes
from patchbay_infra.delivery.scope import Outside, Scope
from patchbay_infra.policy_document import Statement


def change_rights(scope: Scope, outside: Outside, further_regions: Sequence[str]) -> Mapping[str, Sequence[Statement]]:
    """By layer; each fits a managed policy.

    What AWS names itself is bound by its tag; calls that know neither a resource nor a tag are listed one by one.
    `further_regions`: those that backups of the databases are copied to.
    """
    return {
        "network": network_changes(scope),
        "edge": edge_changes(scope),
        "data": data_changes(scope, further_regions),
        "keys": key_changes(scope, outside),
        "platform": platform_changes(scope, outside),
        "identity": identity_changes(scope, outside),
    }
