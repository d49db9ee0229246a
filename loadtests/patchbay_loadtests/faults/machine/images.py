"""A different image of the same content."""

import asyncio
import hashlib
import json
import time
from typing import Any

import httpx2
from patchbay_local.build.images.registry import PUSH_HOST, accepting_pushes
from patchbay_local.machine import addresses

from patchbay_loadtests.core.errors import UnusableEnvironmentError

_REQUEST_SECONDS = 10
_ANNOTATION = "dev.patchbay.fault"


async def another_digest(image: str) -> str:
    """Push the image's manifest with one more annotation: nodes take it for a new image."""
    return await asyncio.to_thread(_push, image)


def _push(image: str) -> str:
    repository, _, digest = image.removeprefix(f"{addresses.REGISTRY_HOST}/").partition("@")
    if not digest or not image.startswith(addresses.REGISTRY_HOST):
        raise UnusableEnvironmentError(f"{image} is no image by digest of this machine's registry")
    with accepting_pushes():
        kind, body = _request("GET", f"{repository}/manifests/{digest}")
        manifest: dict[str, Any] = json.loads(body)
        manifest.setdefault("annotations", {})[_ANNOTATION] = f"{time.time():.0f}"
        content = json.dumps(manifest).encode()
        changed = f"sha256:{hashlib.sha256(content).hexdigest()}"
        _request("PUT", f"{repository}/manifests/{changed}", content, kind)
    return f"{addresses.REGISTRY_HOST}/{repository}@{changed}"


def _request(method: str, path: str, body: bytes | None = None, kind: str | None = None) -> tuple[str, bytes]:
    accepted = "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json"
    headers = {"Accept": accepted, **({"Content-Type": kind} if kind else {})}
    try:
        with httpx2.Client(base_url=f"http://{PUSH_HOST}", timeout=_REQUEST_SECONDS, trust_env=False) as registry:
            answer = registry.request(method, f"/v2/{path}", content=body, headers=headers).raise_for_status()
    except httpx2.HTTPError as error:
        raise UnusableEnvironmentError(f"registry, {method} {path}: {error}") from error
    return answer.headers.get("Content-Type", ""), answer.content
