"""The credentials that EKS Pod Identity hands to this pod."""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botocore.credentials import Credentials, ReadOnlyCredentials


class AwsAwayError(OSError):
    """AWS does not do now what it may do later; an OSError, as it is waited for as a server that is away is.

    The message is our own: it may be logged.
    """


class IdentityError(AwsAwayError):
    """The pod's identity cannot be had for now."""


def pod_credentials() -> "ReadOnlyCredentials":
    """Credentials that are good for now: from the node's agent, renewed before they expire.

    Asks the agent over HTTP where they must be renewed, so call it outside of the event loop. Raises IdentityError.
    """
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - heavy, and only managed data services need it

    try:
        return _refreshed().get_frozen_credentials()
    except IdentityError:
        raise
    except (BotoCoreError, OSError, ValueError) as error:
        raise IdentityError(f"the Pod Identity agent gives no credentials ({type(error).__name__})") from error


@cache
def _refreshed() -> "Credentials":
    from botocore.credentials import ContainerProvider  # noqa: PLC0415 - as above

    found = ContainerProvider().load()
    if found is None:
        raise IdentityError(
            "the pod has no AWS identity (AWS_CONTAINER_CREDENTIALS_FULL_URI is not set); associate a role with its "
            "service account, then replace the pod"
        )
    return found
