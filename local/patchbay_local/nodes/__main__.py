"""`python -m patchbay_local.nodes`: the agent, in front; the account is the one that AWS' variables point at."""

import argparse
import logging
import os
import signal
import threading
from datetime import timedelta

from patchbay_operations.access import Access

from patchbay_local.cluster.spec import ClusterImages
from patchbay_local.journal import open_journal
from patchbay_local.nodes.agent import Agent
from patchbay_local.nodes.cloud import Cloud
from patchbay_local.nodes.local_nodes import LocalNodes


def main() -> None:
    parser = argparse.ArgumentParser(prog="patchbay_local.nodes", description=__doc__)
    parser.add_argument("--boot-seconds", type=float, default=0, help="from an instance's launch to its node's start")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    logging.getLogger("nodes").setLevel(logging.INFO)
    access = Access.of_environment(os.environ["AWS_REGION"], os.environ)
    nodes = LocalNodes(open_journal(), ClusterImages.from_lock())
    end = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: end.set())
    Agent(Cloud(access), nodes, boot=timedelta(seconds=arguments.boot_seconds)).run(end)


if __name__ == "__main__":
    main()
