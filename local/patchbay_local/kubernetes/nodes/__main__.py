"""`python -m patchbay_local.kubernetes.nodes`: the agent, in front; AWS' variables name the account."""

import argparse
import logging
import os
import signal
import threading
from datetime import timedelta

from patchbay_operations.access import Access

from patchbay_local.kubernetes.cluster.spec import ClusterImages
from patchbay_local.kubernetes.nodes.agent import Agent
from patchbay_local.kubernetes.nodes.cloud import Cloud
from patchbay_local.kubernetes.nodes.local_nodes import LocalNodes
from patchbay_local.machine.journal import open_journal


def main() -> None:
    parser = argparse.ArgumentParser(prog="patchbay_local.kubernetes.nodes", description=__doc__)
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
