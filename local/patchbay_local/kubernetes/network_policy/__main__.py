"""`python -m patchbay_local.kubernetes.network_policy`: the enforcement, in front."""

import logging
import signal
import threading

from patchbay_local.kubernetes.cluster.api import http_client
from patchbay_local.kubernetes.cluster.records import load_records
from patchbay_local.kubernetes.network_policy.enforcement import Enforcement
from patchbay_local.kubernetes.network_policy.objects import Namespace, Pod, Policy
from patchbay_local.kubernetes.network_policy.ruleset import Cluster
from patchbay_local.kubernetes.network_policy.watching import Watched
from patchbay_local.machine import paths
from patchbay_local.machine.daemons import Supervisor
from patchbay_local.machine.journal import open_journal
from patchbay_local.machine.processes import ProcessId


def main() -> None:
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    changed, end = threading.Event(), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: end.set())
    client = http_client(paths.KUBECONFIG)
    policies = Watched(client, "/apis/networking.k8s.io/v1/networkpolicies", Policy.of, changed)
    pods = Watched(client, "/api/v1/pods", Pod.of, changed)
    namespaces = Watched(client, "/api/v1/namespaces", Namespace.of, changed)
    for watched in (policies, pods, namespaces):
        # A watch that waits for the API server must not hold up the end.
        threading.Thread(target=watched.follow, args=(end,), daemon=True).start()

    def cluster() -> Cluster | None:
        known = policies.objects(), pods.objects(), namespaces.objects()
        if known[0] is None or known[1] is None or known[2] is None:
            return None
        by_name = {namespace.name: namespace for namespace in known[2].values()}
        return Cluster(list(known[0].values()), list(known[1].values()), by_name)

    journal = open_journal()

    def nodes() -> dict[str, ProcessId]:
        running = {}
        for name, record in load_records().items():
            supervisor = Supervisor(run=paths.RUN, logs=paths.LOGS, journal=journal, scope=record.scope)
            if process := supervisor.process(record.daemon):
                running[name] = process
        return running

    Enforcement(cluster, nodes).run(changed, end)


if __name__ == "__main__":
    main()
