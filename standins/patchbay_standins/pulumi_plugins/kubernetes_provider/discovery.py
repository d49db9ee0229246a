"""Which kinds the API server serves, and at which paths."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from patchbay_standins.pulumi_plugins.kubernetes_provider.api import ApiServer


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind as it is served: its plural name and scope."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool

    def path(self, name: str, namespace: str | None) -> str:
        """The path of one object."""
        return f"{self.collection(namespace)}/{quote(name, safe='')}"

    def collection(self, namespace: str | None) -> str:
        """The path of all objects of this kind, in one namespace if it is namespaced."""
        root = _root(self.api_version)
        scope = f"/namespaces/{quote(namespace, safe='')}" if self.namespaced and namespace else ""
        return f"{root}{scope}/{self.plural}"


class Discovery:
    """The kinds of one API server, asked for once per API version."""

    def __init__(self, api: ApiServer) -> None:
        self._api = api
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], Resource] = {}
        self._planned: dict[tuple[str, str], Resource] = {}

    def find(self, api_version: str, kind: str) -> Resource | None:
        """The served kind; None where it is not served, which is asked again each time."""
        key = (api_version, kind)
        with self._lock:
            if key not in self._known:
                self._load(api_version)
            return self._known.get(key)

    def find_planned(self, api_version: str, kind: str) -> Resource | None:
        """Like `find`, with the kinds of definitions that a preview has seen and an update would create."""
        return self.find(api_version, kind) or self._planned.get((api_version, kind))

    def plan(self, definition: Mapping[str, Any]) -> None:
        """Remembers the kinds of a CustomResourceDefinition that is not created yet."""
        spec = definition.get("spec") or {}
        names = spec.get("names") or {}
        for version in spec.get("versions") or []:
            api_version = f"{spec.get('group')}/{version.get('name')}"
            kind = str(names.get("kind"))
            self._planned[api_version, kind] = Resource(
                api_version, kind, str(names.get("plural")), spec.get("scope") == "Namespaced"
            )

    def _load(self, api_version: str) -> None:
        found = self._api.find(_root(api_version))
        for entry in (found or {}).get("resources") or []:
            # Names with a slash are subresources, such as deployments/scale.
            if "/" not in entry["name"]:
                resource = Resource(api_version, entry["kind"], entry["name"], bool(entry["namespaced"]))
                self._known[api_version, entry["kind"]] = resource


def _root(api_version: str) -> str:
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
