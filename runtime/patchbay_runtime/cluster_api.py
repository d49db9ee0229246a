"""The Kubernetes API as a pod asks it: metadata only, under the pod's own account."""

import asyncio
import os
import ssl
from pathlib import Path
from typing import Any, Self

import httpx

TIMEOUT_SECONDS = 5.0
# Without what objects are specified as and how they are, which costs the API server a third of the time.
_METADATA = "application/json;as={kind};g=meta.k8s.io;v=v1"


class ClusterAwayError(Exception):
    """The API server could not be reached, or refuses."""


class ClusterApi:
    """The API server of the cluster that this runs in; requests raise ClusterAwayError.

    `namespace`: the pod's own.
    """

    def __init__(self, base_url: str, account: Path) -> None:
        """`account`: a directory with `token`, which is renewed in place, `ca.crt` and `namespace`."""
        self._token = account / "token"
        self.namespace = (account / "namespace").read_text(encoding="ascii").strip()
        trusted = ssl.create_default_context(cafile=str(account / "ca.crt"))
        self._client = httpx.AsyncClient(base_url=base_url, verify=trusted, timeout=TIMEOUT_SECONDS, trust_env=False)

    @classmethod
    def of_pod(cls, account: Path) -> Self:
        """Of the pod that this runs in."""
        host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
        return cls(f"https://{host}:{port}", account)

    async def list_metadata(self, path: str, **selected: str) -> list[dict[str, Any]]:
        """Each object's metadata."""
        # Version 0: from the API server's memory instead of etcd.
        params = {**selected, "resourceVersion": "0"}
        response = _checked(await self._request("GET", path, "PartialObjectMetadataList", params=params))
        return [item["metadata"] for item in response.json()["items"]]

    async def annotate(self, path: str, annotations: dict[str, str]) -> bool:
        """Write an object's annotations; False if the object is gone."""
        response = await self._request(
            "PATCH",
            path,
            "PartialObjectMetadata",
            json={"metadata": {"annotations": annotations}},
            headers={"Content-Type": "application/merge-patch+json"},
        )
        if response.status_code == httpx.codes.NOT_FOUND:
            return False
        _checked(response)
        return True

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _request(
        self, method: str, path: str, kind: str, *, headers: dict[str, str] | None = None, **content: Any
    ) -> httpx.Response:
        sent = {
            "Authorization": f"Bearer {self._token.read_text(encoding='ascii').strip()}",
            "Accept": _METADATA.format(kind=kind),
            **(headers or {}),
        }
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return await self._client.request(method, path, headers=sent, **content)
        except (httpx.HTTPError, TimeoutError) as error:
            raise ClusterAwayError(f"the API server cannot be reached ({type(error).__name__})") from error


def _checked(response: httpx.Response) -> httpx.Response:
    if response.is_error:
        raise ClusterAwayError(f"the API server answers with status {response.status_code}")
    return response
