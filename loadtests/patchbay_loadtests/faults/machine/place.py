"""Where this machine keeps and serves its environment."""

from pathlib import Path
from typing import Final

from patchbay_local.kubernetes.edge import edge
from patchbay_local.machine import addresses, paths

HOST: Final = edge.URL
KUBECONFIG: Final = paths.KUBECONFIG
# An administrator's of the API.
KEY_FILE: Final = paths.ADMINISTRATOR_KEY
KUBECTL: Final = paths.BIN / "kubectl"
# No machine but this one's nodes reaches it.
RECEIVER_ADDRESS: Final = str(addresses.ELSEWHERE_ADDRESS)
RECEIVER_PORT: Final = addresses.FAULTS_RECEIVER_PORT
STATE: Final = paths.RUN / "faults"
REPORTS: Final = paths.REPORTS / "faults"
# Prometheus' native files: the rules of its alerts, and what is promised of them.
ALERTS: Final[Path] = paths.REPOSITORY / "platform" / "patchbay_platform" / "prometheus" / "native"
