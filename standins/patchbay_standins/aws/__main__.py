"""`python -m patchbay_standins.aws --port N --state DIR --account ID [--also-on ADDRESS] [--record FILE]`."""

import argparse
import atexit
import gc
from pathlib import Path

from patchbay_standins.aws.server import prepare


def main() -> None:
    parser = argparse.ArgumentParser(prog="patchbay_standins.aws", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True, help="the directory that the state is kept in")
    parser.add_argument("--account", required=True, help="the account's id, 12 digits")
    parser.add_argument("--also-on", action="append", default=[], help="an address to listen on besides loopback")
    parser.add_argument("--record", type=Path, help="a file that each call is added to, with what it asks IAM for")
    arguments = parser.parse_args()
    gc.set_threshold(50_000)
    # Python collects once more when it exits; in what is frozen it does not look.
    atexit.register(gc.freeze)
    prepare(arguments.account, arguments.port)

    # moto reads its settings when it is imported.
    from patchbay_standins.aws.run import run  # noqa: PLC0415

    run(arguments.port, arguments.state, arguments.account, arguments.also_on, arguments.record)


if __name__ == "__main__":
    main()
