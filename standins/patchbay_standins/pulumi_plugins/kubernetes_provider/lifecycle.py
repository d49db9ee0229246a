"""Create, read, update and delete one object, in earnest or as a preview."""

import base64
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from patchbay_standins.pulumi_plugins.kubernetes_provider import diff as differences
from patchbay_standins.pulumi_plugins.kubernetes_provider import drift
from patchbay_standins.pulumi_plugins.kubernetes_provider.api import ApiServer, UnreachableError
from patchbay_standins.pulumi_plugins.kubernetes_provider.apply import (
    Applier,
    ConflictError,
    InvalidError,
    MissingKindError,
    MissingNamespaceError,
)
from patchbay_standins.pulumi_plugins.kubernetes_provider.awaits.wait import NotReadyError, time_limit, wait
from patchbay_standins.pulumi_plugins.kubernetes_provider.deletion import delete
from patchbay_standins.pulumi_plugins.kubernetes_provider.discovery import Discovery
from patchbay_standins.pulumi_plugins.kubernetes_provider.kubeconfig import Cluster
from patchbay_standins.pulumi_plugins.kubernetes_provider.objects import (
    CHANGING_METADATA,
    SERVER_METADATA,
    Identity,
    Object,
    field_manager,
    identity,
    is_core_secret,
    is_managed_by,
    of_type,
    outputs,
    planned_outputs,
    split_identifier,
)
from patchbay_standins.pulumi_plugins.kubernetes_provider.settings import Settings
from patchbay_standins.pulumi_plugins.plugin.difference import Difference
from patchbay_standins.pulumi_plugins.plugin.errors import InitializationError, ProviderError
from patchbay_standins.pulumi_plugins.plugin.properties import contains_unknown, reveal, seal, secret_paths


@dataclass(frozen=True, slots=True)
class Subject:
    """The resource that an operation concerns: its URN, its decoded inputs and outputs, and how it shows progress."""

    urn: str
    inputs: Object
    old_inputs: Object
    old_outputs: Object
    timeout: float
    show: Callable[[str], None]

    @property
    def manager(self) -> str:
        return field_manager(self.urn, self.old_outputs)


class Lifecycle:
    """The objects of one cluster."""

    def __init__(
        self, settings: Settings, cluster: Cluster, cancelled: threading.Event, warn: Callable[[str], None]
    ) -> None:
        self._settings = settings
        self._cluster = cluster
        self._api = ApiServer(cluster, cancelled, warn)
        self.discovery = Discovery(self._api)
        self._applier = Applier(self._api, self.discovery, always_force=settings.enable_patch_force)

    def diff(self, subject: Subject) -> Difference:
        """What the new inputs change; changes that the API server refuses as immutable become a replacement."""
        old, new = reveal(subject.old_inputs), reveal(subject.inputs)
        namespace = (subject.old_outputs.get("metadata") or {}).get("namespace")
        # An object whose kind was unknown when its inputs were checked got its namespace later.
        if namespace and "namespace" not in (old.get("metadata") or {}):
            old = {**old, "metadata": {**(old.get("metadata") or {}), "namespace": namespace}}
        kind_settings = {"ConfigMap": "enable_config_map_mutable", "Secret": "enable_secret_mutable"}
        mutable = bool(getattr(self._settings, kind_settings.get(str(new.get("kind")), ""), False))
        difference = differences.compare(old, new, mutable=mutable)
        if difference.changes and not difference.replaces:
            self._try(subject, differences.fill_unknowns(new, old), difference)
        differences.settle(difference, old, new)
        return difference

    def _try(self, subject: Subject, manifest: Object, difference: Difference) -> None:
        if contains_unknown(manifest):
            return
        try:
            self._applier.apply(manifest, subject.manager, dry_run=True)
        except InvalidError as error:
            differences.reject(difference, error.error)
        except (ConflictError, MissingKindError, MissingNamespaceError):
            # Reported by the update itself. A refresh compares as well, and must be able to show what it finds.
            return

    def preview_create(self, subject: Subject) -> Object:
        """The outputs of an object that would be created, validated by the API server as far as that is possible."""
        manifest, secrets = reveal(subject.inputs), list(secret_paths(subject.inputs))
        if manifest.get("kind") == "CustomResourceDefinition":
            self.discovery.plan(manifest)
        planned = manifest
        if not contains_unknown(manifest) and self.discovery.find(manifest["apiVersion"], manifest["kind"]):
            placed = self._place(manifest)
            self._refuse_foreign(placed, subject.manager)
            try:
                planned = self._applier.apply(placed, subject.manager, dry_run=True)
            except (MissingKindError, MissingNamespaceError):
                planned = placed
            except InvalidError as error:
                # The object that is to be replaced is still there.
                if not differences.is_immutable(error.error):
                    raise
        return planned_outputs(planned, manifest, secrets, exists=False)

    def create(self, subject: Subject) -> tuple[str, Object]:
        """Creates an object and waits until it is ready: the engine's id and the outputs."""
        manifest = self._applier.patiently(lambda: self._place(reveal(subject.inputs)))
        seconds = time_limit(manifest, subject.timeout)
        self._await_vacancy(manifest, seconds, subject)
        self._refuse_foreign(manifest, subject.manager)
        live = self._applier.patiently(lambda: self._applier.apply(manifest, subject.manager))
        return identity(live).identifier, self._finish(live, seconds, subject)

    def preview_update(self, subject: Subject) -> Object:
        """The outputs of an object that would be changed."""
        manifest, secrets = reveal(subject.inputs), list(secret_paths(subject.inputs))
        planned = manifest
        if not contains_unknown(manifest):
            try:
                planned = self._applier.apply(self._place(manifest), subject.manager, dry_run=True)
            except (MissingKindError, MissingNamespaceError):
                planned = manifest
        return planned_outputs(planned, manifest, secrets, exists=True)

    def update(self, subject: Subject) -> Object:
        """Changes an object and waits until it is ready again: the outputs."""
        manifest = self._applier.patiently(lambda: self._place(reveal(subject.inputs)))
        live = self._applier.patiently(lambda: self._applier.apply(manifest, subject.manager))
        return self._finish(live, time_limit(manifest, subject.timeout), subject)

    def read(self, identifier: str, type_token: str, subject: Subject) -> tuple[Object, Object] | None:
        """Inputs and outputs of an object as it is; None where it is gone. Without old inputs it is imported."""
        old = reveal(subject.inputs)
        api_version, kind = (old["apiVersion"], old["kind"]) if "kind" in old else of_type(type_token)
        namespace, name = split_identifier(identifier)
        of = Identity(api_version, kind, namespace, name)
        try:
            live = self._applier.live(of)
        except MissingKindError:
            return None
        if live is None:
            return None
        inputs = self._refreshed(subject, live) if old else _imported(live)
        return inputs, outputs(live, subject.manager, secret_paths(inputs))

    def delete(self, identifier: str, subject: Subject) -> None:
        """Deletes an object and waits until it is gone."""
        old = reveal(subject.old_inputs) or reveal(subject.old_outputs)
        namespace, name = split_identifier(identifier)
        of = replace(identity(old), namespace=namespace, name=name)
        try:
            resource = self.discovery.find(of.api_version, of.kind)
            if resource is not None:
                seconds = time_limit(old, subject.timeout)
                delete(of, resource, self._api, inputs=old, seconds=seconds, show=subject.show)
        except UnreachableError as error:
            if not self._settings.delete_unreachable:
                raise
            subject.show(f"{error}; dropped from the stack, as deleteUnreachable asks for")

    def _place(self, manifest: Object) -> Object:
        """The manifest with its namespace, which is missing where the kind was unknown before."""
        of = identity(manifest)
        namespaced = self._applier.resource(of).namespaced
        if of.namespace is None and namespaced:
            return {**manifest, "metadata": {**manifest["metadata"], "namespace": self._cluster.namespace}}
        return manifest

    def _await_vacancy(self, manifest: Object, seconds: float, subject: Subject) -> None:
        """Waits for the end of an object of the same name that is being deleted."""
        of = identity(manifest)
        live = self._applier.live(of)
        if live is not None and live["metadata"].get("deletionTimestamp"):
            resource = self._applier.resource(of)
            delete(of, resource, self._api, inputs=live, seconds=seconds, show=subject.show)

    def _refuse_foreign(self, manifest: Object, manager: str) -> None:
        """An object that exists already may belong to somebody else; what an interrupted update left is our own."""
        if self._settings.upsert_existing_objects:
            return
        of = identity(manifest)
        live = self._applier.live(of)
        if live is None or live["metadata"].get("deletionTimestamp") or is_managed_by(live, manager):
            return
        message = (
            f"{of} exists already and is not managed by this resource: import it (`pulumi import`), delete it, or set "
            "`upsertExistingObjects` on the provider to take it over"
        )
        raise ProviderError(message)

    def _finish(self, live: Object, seconds: float, subject: Subject) -> Object:
        secrets = list(secret_paths(subject.inputs))
        resource = self._applier.resource(identity(live))
        try:
            ready = wait(live, resource, self._api, seconds, subject.show)
        except NotReadyError as error:
            raise InitializationError(
                str(error),
                identifier=identity(live).identifier,
                outputs=outputs(error.live, subject.manager, secrets),
            ) from None
        return outputs(ready, subject.manager, secrets)

    def _refreshed(self, subject: Subject, live: Object) -> Object:
        manifest = reveal(subject.inputs)
        try:
            wanted = self._applier.apply(self._place(manifest), subject.manager, dry_run=True, force=True)
        except InvalidError:
            # What is immutable cannot be applied over what somebody has replaced: compare the inputs themselves.
            wanted = manifest
        wanted, current = (_without_server_fields(item, manifest) for item in (wanted, live))
        refreshed = drift.refreshed_inputs(subject.inputs, wanted, current)
        sealed = seal(refreshed, secret_paths(subject.inputs))
        return dict(sealed)


def _without_server_fields(live: Object, manifest: Object) -> Object:
    """What can drift. A Secret's `stringData` is write-only: it is read back from `data`."""
    metadata = {
        key: value
        for key, value in (live.get("metadata") or {}).items()
        if key not in (*CHANGING_METADATA, "managedFields")
    }
    content: Object = {**live, "metadata": metadata}
    content.pop("status", None)
    if is_core_secret(manifest) and "stringData" in manifest and "stringData" not in live:
        data: dict[str, Any] = live.get("data") or {}
        content["stringData"] = {
            key: base64.b64decode(data[key]).decode(errors="replace") for key in manifest["stringData"] if key in data
        }
    return content


def _imported(live: Object) -> Object:
    metadata = {key: value for key, value in live["metadata"].items() if key not in (*SERVER_METADATA, "managedFields")}
    content = {**live, "metadata": metadata}
    content.pop("status", None)
    secrets = [("data",)] if is_core_secret(live) else []
    return dict(seal(content, secrets))
