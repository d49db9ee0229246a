"""Where the one-machine environment keeps its files."""

from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).resolve().parents[3]

# Survives `make down`: what is slow to build or fetch.
CACHE: Final = Path("/var/cache/patchbay")
TOOLS: Final = CACHE / "tools"  # one directory per module and stamp
BIN: Final = CACHE / "bin"  # symbolic links to the current tools; first on PATH
IMAGES: Final = CACHE / "images"
REGISTRY_STORAGE: Final = CACHE / "registry"
MACHINE_IMAGES: Final = CACHE / "machine-images"
CHECKOV: Final = CACHE / "checkov"
MINISTACK: Final = CACHE / "ministack"
INSTALLED_PACKAGES: Final = CACHE / "installed-packages"  # Debian packages that were not there before
INSTALLING_PACKAGES: Final = CACHE / "installing-packages"  # those of an installation that has not ended

# Removed by `make down`: the state of the running environment.
STATE: Final = Path("/var/lib/patchbay")
PKI: Final = STATE / "pki"
ETCD: Final = STATE / "etcd"
NODES: Final = STATE / "nodes"
VOLUMES: Final = STATE / "volumes"  # what pods keep; every node sees it
KUBECONFIG: Final = STATE / "kubeconfig"
ADMINISTRATOR_KEY: Final = STATE / "administrator-key"  # of the platform's API
IMAGE_LOCK: Final = STATE / "images.json"
PULUMI_HOME: Final = STATE / "pulumi" / "home"
PULUMI_BACKEND: Final = STATE / "pulumi" / "state"
EMULATORS: Final = STATE / "aws"  # a directory per stack: the state of its emulated AWS account
EMULATIONS: Final = STATE / "emulations"  # a directory per stack: the engine's state and config on that account

# Gone after a reboot as well: process ids, sockets, what was changed on the host.
RUN: Final = Path("/run/patchbay")
LOGS: Final = Path("/var/log/patchbay")

REPORTS: Final = REPOSITORY / "reports"

CLUSTER_STACK: Final = "local"  # whose platform runs on this machine's cluster, and whose instances are its nodes
