"""Puts the sink into the environment's cluster and takes it away again."""

import asyncio
from importlib.resources import files
from typing import Final

import httpx2
from lightkube import ApiError
from lightkube.codecs import load_all_yaml
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.core_v1 import ConfigMap, Namespace

from patchbay_loadtests.core.cluster import Cluster
from patchbay_loadtests.core.errors import UnusableEnvironmentError

# The port that connectors may call in every environment.
PORT: Final = 443
SERVICE: Final = f"sink:{PORT}"
READY_SECONDS: Final = 90.0
REMOVAL_SECONDS: Final = 60.0
POLL_SECONDS: Final = 0.5


def url(namespace: str) -> str:
    """Where the pods of the environment reach the sink."""
    return f"http://sink.{namespace}.svc:{PORT}/deliveries"


async def deploy(
    cluster: Cluster, *, namespace: str, run: str, image: str, python: str, priority_class: str = ""
) -> None:
    """Run the sink in its own namespace, with an empty ledger, and wait until it answers.

    `run` tells one load test from the next, `image` is any image that the nodes can already pull, `python` the
    interpreter in it. With a `priority_class` above the workers' no burst pushes the sink off its node.
    """
    package = files("patchbay_loadtests.core.sink")
    manifests = load_all_yaml(
        (package / "native" / "sink.yaml").read_text(),
        context={
            "namespace": namespace,
            "run": run,
            "port": PORT,
            "image": image,
            "python": python,
            "priority_class": priority_class,
        },
    )
    program = ConfigMap(
        apiVersion="v1",
        kind="ConfigMap",
        metadata=ObjectMeta(name="sink", namespace=namespace),
        data={"server.py": (package / "server.py").read_text()},
    )
    try:
        for manifest in manifests:
            if isinstance(manifest, Deployment):
                await cluster.objects.apply(program, force=True)
            await cluster.objects.apply(manifest, force=True)
    except httpx2.HTTPError as error:
        raise UnusableEnvironmentError(f"the sink cannot be set up in namespace {namespace}: {error}") from error
    await _until_ready(cluster, namespace)


async def address(cluster: Cluster, namespace: str) -> str:
    """The address of the sink's service, which its name leads to."""
    service = await cluster.get(f"/api/v1/namespaces/{namespace}/services/sink")
    return str(service["spec"]["clusterIP"])


async def exists(cluster: Cluster, namespace: str) -> bool:
    """True when a sink is there, be it one that an interrupted run left."""
    try:
        await cluster.objects.get(Deployment, "sink", namespace=namespace)
    except httpx2.HTTPError as error:
        if _is_missing(error):
            return False
        raise UnusableEnvironmentError(f"namespace {namespace}: {error}") from error
    return True


async def remove(cluster: Cluster, namespace: str) -> None:
    """Delete the sink's namespace and wait until it is gone."""
    try:
        await cluster.objects.delete(Namespace, namespace)
        async with asyncio.timeout(REMOVAL_SECONDS):
            while True:
                await cluster.objects.get(Namespace, namespace)
                await asyncio.sleep(POLL_SECONDS)
    except httpx2.HTTPError as error:
        if not _is_missing(error):
            raise UnusableEnvironmentError(f"namespace {namespace} cannot be removed: {error}") from error
    except TimeoutError:
        raise UnusableEnvironmentError(
            f"namespace {namespace} is still there {REMOVAL_SECONDS:.0f} s after its removal"
        ) from None


def _is_missing(error: httpx2.HTTPError) -> bool:
    return isinstance(error, ApiError) and error.status.code == 404


async def _until_ready(cluster: Cluster, namespace: str) -> None:
    try:
        async with asyncio.timeout(READY_SECONDS):
            while True:
                deployment = await cluster.deployment(namespace, "sink")
                status = deployment.get("status", {})
                current = status.get("observedGeneration", 0) >= deployment["metadata"]["generation"]
                if current and status.get("updatedReplicas") == 1 and status.get("readyReplicas") == 1:
                    return
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        pods = await cluster.pods(namespace, {"app.kubernetes.io/name": "sink"})
        states = [
            str(status.get("state", {}).get("waiting") or status.get("state"))
            for pod in pods
            for status in pod.get("status", {}).get("containerStatuses", [])
        ]
        raise UnusableEnvironmentError(
            f"the sink was not ready within {READY_SECONDS:.0f} s: {'; '.join(states) or 'no pod was started'}"
        ) from None
