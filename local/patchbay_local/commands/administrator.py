"""The API key of this environment's administrator, in a file that root alone reads."""

import base64
import os
from pathlib import Path
from typing import Final

from httpx2 import HTTPError

from patchbay_local.kubernetes.cluster.api import http_client
from patchbay_local.machine import paths
from patchbay_local.machine.files import write_if_changed

SECRET: Final = "/api/v1/namespaces/patchbay-runtime/secrets/administrator"  # noqa: S105 - its path
# What load tests take it from: others do not see it there, as they would among a program's arguments.
VARIABLE: Final = "PATCHBAY_TOKEN"


def keep_key(kubeconfig: Path | None = None) -> None:
    """Write the key that the platform made into the file. Raises RuntimeError where there is none."""
    with http_client(kubeconfig or paths.KUBECONFIG) as client:
        try:
            answer = client.get(SECRET)
            answer.raise_for_status()
        except HTTPError as error:
            raise RuntimeError(f"the administrator's key cannot be read: {error}") from error
    key = base64.b64decode(answer.json()["data"]["key"]).decode()
    write_if_changed(paths.ADMINISTRATOR_KEY, f"{key}\n", mode=0o600)


def is_kept() -> bool:
    """Whether there is a file to name."""
    return paths.ADMINISTRATOR_KEY.exists()


def variables() -> dict[str, str]:
    """What a load test on this environment is given; nothing where its caller names a key, or there is none."""
    if VARIABLE in os.environ or not is_kept():
        return {}
    return {VARIABLE: paths.ADMINISTRATOR_KEY.read_text().strip()}
