"""The first administrator's key, from the cluster that made it."""

import base64
import binascii
from typing import Final

from patchbay_loadtests.core.access import Access
from patchbay_loadtests.core.cluster import Cluster
from patchbay_loadtests.core.errors import NotFoundError, UnusableEnvironmentError

SECRET: Final = "administrator"  # noqa: S105 - its name
_FIELD: Final = "key"


async def of_administrator(cluster: Cluster, namespace: str, access: Access) -> Access:
    """`access` with the key. UnusableEnvironmentError where the kubeconfig's user may not read it."""
    try:
        # What else there is in an answer is not shown: it may be a secret.
        found = (await cluster.get(f"/api/v1/namespaces/{namespace}/secrets/{SECRET}"))["data"][_FIELD]
        return access.with_token(base64.b64decode(found, validate=True).decode())
    except NotFoundError:
        raise UnusableEnvironmentError(
            f"Secret {namespace}/{SECRET}: there is none; name another administrator's key by --token-file"
        ) from None
    except (LookupError, TypeError, binascii.Error, ValueError):
        raise UnusableEnvironmentError(f"Secret {namespace}/{SECRET}: no key under `{_FIELD}`") from None
