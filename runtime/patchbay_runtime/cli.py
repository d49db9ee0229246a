"""`patchbay-runtime api | worker --shape NAME | scale-in-order | cloudwatch-metrics | migrate | make-account`."""

import argparse
import logging
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import ValidationError

from patchbay_runtime.catalog import CATALOG
from patchbay_runtime.logs import configure_logging
from patchbay_runtime.settings import Settings, SettingsError

API_PORT = 8000
WORKER_PORT = 9100
DATABASE_WAIT_SECONDS = 240.0
RETRY_SECONDS = 1.0
SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod finds its account's token, the API server's authority and its namespace."""

log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one of the runtime's programs; a setting that cannot be used ends it with status 2."""
    parser = argparse.ArgumentParser(prog="patchbay-runtime", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    api = commands.add_parser("api", help="serve the HTTP API")
    worker = commands.add_parser("worker", help="run the processes of one shape")
    worker.add_argument("--shape", required=True, choices=sorted(CATALOG))
    order = commands.add_parser("scale-in-order", help="tell Kubernetes which worker pods run least")
    metrics = commands.add_parser("cloudwatch-metrics", help="tell CloudWatch's alarms what waits, and of the nodes")
    metrics.add_argument("--horizon", required=True, help="the address of the API, such as http://api:8000")
    metrics.add_argument("--cluster", required=True, help="the cluster's name in AWS, which the alarms know it by")
    metrics.add_argument("--endpoint", help="CloudWatch's address, by default AWS' own in the region")
    for command in (order, metrics):
        command.add_argument(
            "--service-account", type=Path, default=SERVICE_ACCOUNT, help="the directory of the pod's account"
        )
    probes = "probes and metrics"
    for command, port, serves in (
        (api, API_PORT, "the API"),
        (worker, WORKER_PORT, probes),
        (order, WORKER_PORT, probes),
        (metrics, WORKER_PORT, probes),
    ):
        command.add_argument("--host", default="0.0.0.0", help="the address to listen on")  # noqa: S104 - a pod's own
        command.add_argument("--port", type=int, default=port, help=f"the port of {serves}, by default {port}")
    migrate = commands.add_parser("migrate", help="bring the database schemas to the latest revision")
    migrate.add_argument(
        "--new-sealing-key",
        action="store_true",
        help="take another sealing key than before; all secrets of webhooks have to be made anew",
    )
    account = commands.add_parser("make-account", help="make the runtime's own account in a managed database")
    account.add_argument("--endpoint", help="the address of RDS' API, by default AWS' own in the region")
    for command in (migrate, account):
        command.add_argument(
            "--wait", type=float, default=DATABASE_WAIT_SECONDS, help="seconds to wait for a database that is away"
        )
    chosen = parser.parse_args(arguments)
    try:
        settings = Settings()
        configure_logging(settings.log_level)
        _run(chosen, settings)
    except SettingsError as error:
        sys.exit(_usage(str(error)))
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_input=False):
            variable = "".join(f"PATCHBAY_{str(part).upper()}: " for part in detail["loc"])
            _usage(variable + detail["msg"].removeprefix("Value error, "))
        sys.exit(2)


def _usage(message: str) -> int:
    print(f"patchbay-runtime: {message}", file=sys.stderr)
    return 2


def _run(chosen: argparse.Namespace, settings: Settings) -> None:
    # Each program imports only what it needs: a worker pod must be ready within seconds.
    if chosen.command == "api":
        from patchbay_runtime.api.serve import serve  # noqa: PLC0415

        serve(settings, chosen.host, chosen.port)
    elif chosen.command == "worker":
        from patchbay_runtime.worker.serve import serve as serve_worker  # noqa: PLC0415

        serve_worker(settings, chosen.shape, chosen.host, chosen.port)
    elif chosen.command == "scale-in-order":
        from patchbay_runtime.scale_in.serve import serve as serve_order  # noqa: PLC0415

        serve_order(settings, chosen.host, chosen.port, chosen.service_account)
    elif chosen.command == "cloudwatch-metrics":
        from patchbay_runtime.cloudwatch.serve import serve as serve_metrics  # noqa: PLC0415

        serve_metrics(
            settings,
            chosen.host,
            chosen.port,
            chosen.service_account,
            horizon=chosen.horizon,
            cluster=chosen.cluster,
            endpoint=chosen.endpoint,
        )
    elif chosen.command == "migrate":
        from patchbay_runtime.migrations import migrate  # noqa: PLC0415

        _when_there(lambda: migrate(settings, new_sealing_key=chosen.new_sealing_key), chosen.wait)
    else:
        from patchbay_runtime.storage.account import make_account  # noqa: PLC0415

        _when_there(lambda: make_account(settings, endpoint=chosen.endpoint), chosen.wait)


def _when_there(command: Callable[[], None], wait_seconds: float) -> None:
    """Run the command once MariaDB answers. After `wait_seconds` it ends with the database's own words.

    A container that ended at once would be started again after ever longer pauses, minutes after the database is back.
    """
    from patchbay_runtime.storage.database import is_unavailable, outage  # noqa: PLC0415

    give_up_at = time.monotonic() + wait_seconds
    while True:
        try:
            return command()
        except Exception as error:
            if not is_unavailable(error):
                raise
            if time.monotonic() >= give_up_at:
                sys.exit(f"patchbay-runtime: MariaDB is away: {outage(error)}")
            log.warning("waiting for MariaDB: %s", outage(error))
        time.sleep(RETRY_SECONDS)
