"""Access to the environment's cluster: objects through lightkube, what is read many times a second as plain JSON."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx2
from lightkube import AsyncClient, KubeConfig, SingleConfig
from lightkube.config import client_adapter
from lightkube.core.exceptions import ConfigError, LoadResourceError
from yaml import YAMLError

from patchbay_loadtests.core.errors import NotFoundError, UnusableEnvironmentError

FIELD_MANAGER = "patchbay-loadtests"
REQUEST_SECONDS = 10.0
Document = dict[str, Any]


class Cluster:
    """An API server, with the rights of the kubeconfig's user."""

    def __init__(self, kubeconfig: Path, context: str | None) -> None:
        config = _configuration(kubeconfig, context)
        try:
            timeout = httpx2.Timeout(REQUEST_SECONDS)
            self.objects = AsyncClient(config, timeout=timeout, field_manager=FIELD_MANAGER, trust_env=False)
            self._http = client_adapter.AsyncClient(
                config, client_adapter.ConnectionParams(timeout=timeout, trust_env=False)
            )
        except (ConfigError, LoadResourceError, OSError, ValueError) as error:
            raise UnusableEnvironmentError(f"kubeconfig {kubeconfig}: {error}") from error

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()
        await self.objects.aclose()

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Document | None = None,
        content_type: str = "application/json",
    ) -> bytes:
        """One request to the API server; UnusableEnvironmentError when it does not answer with 2xx."""
        try:
            headers = {"Accept": "application/json"} | ({} if body is None else {"Content-Type": content_type})
            answer = await self._http.request(method, path, params=params, json=body, headers=headers)
        except httpx2.HTTPError as error:
            raise UnusableEnvironmentError(f"API server, {method} {path}: {type(error).__name__} {error}") from error
        if not answer.is_success:
            kind = NotFoundError if answer.status_code == 404 else UnusableEnvironmentError
            raise kind(f"API server, {method} {path}: {answer.status_code} {answer.text.strip()[:300]}")
        return answer.content

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Document:
        """A JSON document of the API server."""
        return as_document(await self.request("GET", path, params=params))

    async def merge(self, path: str, changes: Document) -> Document:
        """Change an object by a JSON merge patch; the object as it is then."""
        params = {"fieldManager": FIELD_MANAGER}
        content_type = "application/merge-patch+json"
        return as_document(await self.request("PATCH", path, params=params, body=changes, content_type=content_type))

    async def found(self, path: str, params: Mapping[str, str] | None = None) -> Document | None:
        """A JSON document of the API server; None where there is no such object."""
        try:
            return await self.get(path, params)
        except NotFoundError:
            return None

    async def deployment(self, namespace: str, name: str) -> Document:
        """A Deployment."""
        return await self.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}")

    async def scaled_object(self, namespace: str, name: str) -> Document:
        """KEDA's ScaledObject."""
        return await self.get(f"/apis/keda.sh/v1alpha1/namespaces/{namespace}/scaledobjects/{name}")

    async def autoscaler(self, namespace: str, name: str) -> Document:
        """A HorizontalPodAutoscaler."""
        return await self.get(f"/apis/autoscaling/v2/namespaces/{namespace}/horizontalpodautoscalers/{name}")

    async def pods(self, namespace: str, labels: Mapping[str, str]) -> list[Document]:
        """The pods with these labels, also the ones that are on their way out."""
        selector = ",".join(f"{key}={value}" for key, value in labels.items())
        listed = await self.get(f"/api/v1/namespaces/{namespace}/pods", {"labelSelector": selector})
        return list(listed["items"])

    async def through_service(
        self,
        namespace: str,
        service: str,
        path: str,
        *,
        method: str = "GET",
        params: Mapping[str, str] | None = None,
        body: Document | None = None,
    ) -> Document:
        """A JSON document of a service (`name:port`), through the API server's proxy."""
        proxy = f"/api/v1/namespaces/{namespace}/services/{service}/proxy{path}"
        return as_document(await self.request(method, proxy, params=params, body=body))


def _configuration(kubeconfig: Path, context: str | None) -> SingleConfig:
    try:
        config = KubeConfig.from_file(kubeconfig).get(context)
    # lightkube takes the file's form for granted.
    except (ConfigError, OSError, YAMLError, AttributeError, LookupError, TypeError) as error:
        raise UnusableEnvironmentError(f"{kubeconfig} is not a usable kubeconfig: {error}") from error
    if config is None:
        raise UnusableEnvironmentError(f"kubeconfig {kubeconfig} has no context {context or '(current)'}")
    return config


def as_document(content: bytes) -> Document:
    """The JSON object in a body."""
    try:
        document = json.loads(content)
    except ValueError as error:
        raise UnusableEnvironmentError(f"not JSON: {content[:200]!r}") from error
    if not isinstance(document, dict):
        raise UnusableEnvironmentError(f"not a JSON object: {content[:200]!r}")
    return document
