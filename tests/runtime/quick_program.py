"""`patchbay-runtime ...` with shorter waits: `python -m tests.runtime.quick_program ...`.

A worker of it only where no other worker of its shape runs: the others' leases are longer than it believes.
"""

from functools import partial

from patchbay_runtime.api import serve as api
from patchbay_runtime.cli import main
from patchbay_runtime.cloudwatch import serve as metrics
from patchbay_runtime.execution.reconciler import SweepPace
from patchbay_runtime.queue import Pace
from patchbay_runtime.worker import serve as worker

if __name__ == "__main__":
    # The command line imports what it runs only when it runs it.
    for module, settings in (
        (api, {"sweeps": SweepPace(every=0.5, overdue=2)}),
        (metrics, {"again_seconds": 0.5}),
        (worker, {"pace": Pace(lease=1, renew=0.3, reclaim=0.2)}),
    ):
        vars(module)["serve"] = partial(module.serve, **settings)
    main()
