"""A run with a stub of Pulumi, as a process of its own that can be sent signals: `program.py STUB`."""

import sys
from pathlib import Path

from patchbay_operations.checks.check import Result
from patchbay_operations.smoke.engine import Engine
from patchbay_operations.smoke.options import Limits
from patchbay_operations.smoke.run import Course, Run, Site
from patchbay_operations.smoke.stopping import heeding

LIMITS = Limits(whole=120, up=60, checks=5, proof=5, destroy=40, look=5, grace=5)


def main(stub: Path) -> int:
    """The run's exit status."""
    with heeding() as stop:
        engine = Engine(
            "dev", stub.parent, f"file://{stub.parent}", stub.parent / "log", lambda _: None, program=str(stub)
        )
        site = Site(engine, [lambda: Result("none", "Is there none?", 1, ())], None, list, list, lambda: None)
        outcome = Run(site, Course(LIMITS), stop, lambda line: print(line, flush=True), lambda _: None).carry_out()
    return outcome.status


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
