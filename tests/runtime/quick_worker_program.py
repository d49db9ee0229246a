"""The worker program with short leases: `python -m tests.runtime.quick_worker_program --shape NAME --port PORT`.

Only where no other worker of the shape runs: it would hold its processes for longer than this one believes.
"""

import argparse

from patchbay_runtime.logs import configure_logging
from patchbay_runtime.queue import Pace
from patchbay_runtime.settings import Settings
from patchbay_runtime.worker.serve import serve

PACE = Pace(lease=1, renew=0.3, reclaim=0.2)

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--shape", required=True)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    settings = Settings()
    configure_logging(settings.log_level)
    serve(settings, arguments.shape, arguments.host, arguments.port, pace=PACE)
