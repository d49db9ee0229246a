"""What somebody could do to an environment by hand, and which check then says so."""

from tests.emulated.mutations.clusters import CLUSTERS
from tests.emulated.mutations.databases import DATABASES
from tests.emulated.mutations.guards import GUARDS
from tests.emulated.mutations.network import NETWORK
from tests.emulated.mutations.nodes import NODES
from tests.emulated.mutations.rights import RIGHTS
from tests.emulated.mutations.stores import STORES

MUTATIONS = (*NETWORK, *DATABASES, *NODES, *STORES, *RIGHTS, *CLUSTERS, *GUARDS)
