"""How the API server is reached: from inside a pod by its service account, elsewhere by a kubeconfig.

Calls raise httpx2.HTTPError where the API server does not answer, or refuses.
"""

from collections.abc import Callable
from typing import Final, TypeVar

from httpx2 import HTTPError, HTTPStatusError, Timeout
from lightkube import Client, KubeConfig
from lightkube.core.exceptions import ConfigError
from yaml import YAMLError

COMPONENT: Final = "cluster-autoscaler"
_TIMEOUT: Final = Timeout(30, connect=5)
_Found = TypeVar("_Found")


class ConnectionSettingsError(ValueError):
    """Nothing, or nothing usable, tells how the API server is reached."""


def connect(kubeconfig: str) -> Client:
    """By the kubeconfig's current context; by the pod's service account where the path is empty."""
    try:
        config = (KubeConfig.from_file(kubeconfig) if kubeconfig else KubeConfig.from_service_account()).get()
        return Client(config, timeout=_TIMEOUT, field_manager=COMPONENT, trust_env=False)
    except (ConfigError, OSError, YAMLError, AttributeError, LookupError, TypeError, ValueError) as error:
        if not kubeconfig:
            raise ConnectionSettingsError("this is no pod with a service account: set --kubeconfig") from None
        # The text of these errors may quote the file, which holds credentials.
        raise ConnectionSettingsError(f"--kubeconfig: {kubeconfig} cannot be used ({type(error).__name__})") from None


def unless_missing(get: Callable[[], _Found]) -> _Found | None:
    """What `get` finds; None where there is nothing."""
    try:
        return get()
    except HTTPError as error:
        if status_of(error) == 404:
            return None
        raise


def status_of(error: HTTPError) -> int:
    """The status that the API server answered with; 0 where it did not answer."""
    return error.response.status_code if isinstance(error, HTTPStatusError) else 0
