"""`./cluster-autoscaler --cloud-provider=aws ...`: the upstream program's place on machines that cannot have it."""

import logging
import os
import signal
import socket
import sys
import threading
import uuid
from typing import Final

from lightkube import Client

from patchbay_standins.cluster_autoscaler import flags, server
from patchbay_standins.cluster_autoscaler.flags import Options
from patchbay_standins.cluster_autoscaler.kube.client import connect
from patchbay_standins.cluster_autoscaler.kube.lease import Lease
from patchbay_standins.cluster_autoscaler.loop import Autoscaler
from patchbay_standins.cluster_autoscaler.metrics import Metrics
from patchbay_standins.cluster_autoscaler.parts import assemble

LOG: Final = logging.getLogger("patchbay_standins.cluster_autoscaler")
_DETAILED: Final = 4  # the -v from which on upstream tells every decision


def main() -> int:
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(levelname).1s %(asctime)s %(module)s] %(message)s"
    )
    try:
        options = flags.parse(sys.argv[1:])
        client = connect(options.kubeconfig)
        metrics, health = Metrics(), server.Health(options)
        autoscaler = Autoscaler(assemble(options, client, metrics, health))
    except ValueError as error:
        LOG.error("%s", error)
        return 1
    LOG.setLevel(logging.DEBUG if options.v >= _DETAILED else logging.INFO)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    http = server.serve(options.address, metrics, health)
    try:
        return _lead(autoscaler, client, options, health, stop)
    finally:
        http.shutdown()


def _lead(
    autoscaler: Autoscaler, client: Client, options: Options, health: server.Health, stop: threading.Event
) -> int:
    if not options.leader_elect:
        autoscaler.run(stop)
        return 0
    lease = Lease(client, options, f"{socket.gethostname()}_{uuid.uuid4()}", stop)
    health.stand_by()
    if not lease.acquire():
        return 0
    health.succeed()
    lease.keep(lost=_leave)
    autoscaler.run(stop)
    lease.release()
    return 0


def _leave() -> None:
    """Ends at once: another replica may act already."""
    LOG.error("the lease is lost")
    logging.shutdown()
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
