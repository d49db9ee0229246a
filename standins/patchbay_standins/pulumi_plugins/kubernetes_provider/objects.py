"""Kubernetes objects: their identity, and what becomes the engine's inputs and outputs of them."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from patchbay_standins.pulumi_plugins.plugin.errors import ProviderError
from patchbay_standins.pulumi_plugins.plugin.properties import UNKNOWN, Path, seal

Object = dict[str, Any]

FIELD_MANAGER: Final = "__fieldManager"
INITIAL_API_VERSION: Final = "__initialApiVersion"
# Decided by the API server, so unknown before it has created the object.
CHANGING_METADATA: Final = ("resourceVersion", "generation")
SERVER_METADATA: Final = (*CHANGING_METADATA, "uid", "creationTimestamp")
# Allocated by the API server unless the program asks for a value.
ALLOCATED: Final = {"Service": ("clusterIP", "clusterIPs", "healthCheckNodePort"), "Pod": ("nodeName",)}


@dataclass(frozen=True, slots=True)
class Identity:
    """What an object is called."""

    api_version: str
    kind: str
    namespace: str | None
    name: str

    @property
    def group(self) -> str:
        """The API group; empty for the core group."""
        return self.api_version.rpartition("/")[0]

    @property
    def identifier(self) -> str:
        """The engine's id: `namespace/name`, or `name`."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name

    def __str__(self) -> str:
        return f"{self.kind} {self.identifier}"


def identity(manifest: Mapping[str, Any]) -> Identity:
    """The identity of an object; its namespace is None where it names none."""
    metadata = manifest.get("metadata") or {}
    return Identity(
        api_version=str(manifest["apiVersion"]),
        kind=str(manifest["kind"]),
        namespace=metadata.get("namespace"),
        name=str(metadata.get("name", "")),
    )


def of_type(type_token: str) -> tuple[str, str]:
    """API version and kind of a resource type, such as `kubernetes:apps/v1:Deployment`."""
    _, module, kind = type_token.split(":")
    return (module.removeprefix("core/"), kind)


def split_identifier(identifier: str) -> tuple[str | None, str]:
    """Namespace and name of an engine's id."""
    namespace, _, name = identifier.rpartition("/")
    return (namespace or None, name)


def annotation(manifest: Mapping[str, Any], name: str) -> str | None:
    """The value of an annotation `pulumi.com/NAME`."""
    annotations = (manifest.get("metadata") or {}).get("annotations") or {}
    value = annotations.get(f"pulumi.com/{name}")
    return None if value is None else str(value)


def field_manager(urn: str, outputs: Mapping[str, Any]) -> str:
    """The manager as which a resource's fields are applied: one per resource, the same again after an interruption."""
    digest = hashlib.sha256(urn.encode()).hexdigest()[:8]
    return str(outputs.get(FIELD_MANAGER) or f"pulumi-kubernetes-{digest}")


def is_managed_by(live: Mapping[str, Any], manager: str) -> bool:
    """Whether a field of the object belongs to the manager."""
    entries = (live.get("metadata") or {}).get("managedFields") or []
    return any(entry.get("manager") == manager for entry in entries)


def outputs(live: Object, manager: str, secrets: Iterable[Path]) -> Object:
    """The engine's outputs of a live object, with `secrets` and the content of Secrets marked."""
    metadata = {key: value for key, value in live.get("metadata", {}).items() if key != "managedFields"}
    content = {**live, "metadata": metadata}
    content[FIELD_MANAGER] = manager
    content[INITIAL_API_VERSION] = live.get("apiVersion")
    return _seal(content, secrets)


def planned_outputs(planned: Object, inputs: Mapping[str, Any], secrets: Iterable[Path], *, exists: bool) -> Object:
    """The outputs of an object that a preview would create or change: what only the API server decides is unknown."""
    metadata = {key: value for key, value in planned.get("metadata", {}).items() if key != "managedFields"}
    metadata |= dict.fromkeys(CHANGING_METADATA if exists else SERVER_METADATA, UNKNOWN)
    content = {**planned, "metadata": metadata, "status": UNKNOWN}
    spec, wanted = planned.get("spec"), inputs.get("spec") or {}
    if isinstance(spec, dict) and isinstance(wanted, dict):
        allocated = ALLOCATED.get(str(planned.get("kind")), ())
        content["spec"] = spec | {name: UNKNOWN for name in allocated if not exists and name not in wanted}
    return _seal(content, secrets)


def is_core_secret(manifest: Mapping[str, Any]) -> bool:
    """Whether this is a Secret of the core API."""
    return manifest.get("apiVersion") == "v1" and manifest.get("kind") == "Secret"


def _seal(content: Object, secrets: Iterable[Path]) -> Object:
    paths = list(secrets)
    if is_core_secret(content):
        paths += [("data",), ("stringData",)]
    sealed = seal(content, sorted(paths, key=len))
    if not isinstance(sealed, dict):
        message = "an object cannot be secret as a whole: mark its fields"
        raise ProviderError(message)
    return sealed
