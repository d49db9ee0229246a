"""Server-side apply."""

from collections.abc import Callable
from typing import Final, TypeVar

from patchbay_standins.pulumi_plugins.kubernetes_provider.api import APPLY, ApiError, ApiServer
from patchbay_standins.pulumi_plugins.kubernetes_provider.discovery import Discovery, Resource
from patchbay_standins.pulumi_plugins.kubernetes_provider.objects import Identity, Object, annotation, identity
from patchbay_standins.pulumi_plugins.plugin.errors import ProviderError

# How long an object waits for its kind and namespace, which the same update may be creating.
KIND_SECONDS: Final = 20.0
POLL_SECONDS: Final = 0.5

_Result = TypeVar("_Result")


class MissingKindError(ProviderError):
    """The API server does not serve the kind of an object."""


class MissingNamespaceError(ProviderError):
    """The namespace of an object does not exist."""


class Applier:
    """Applies objects to one API server."""

    def __init__(self, api: ApiServer, discovery: Discovery, *, always_force: bool) -> None:
        self._api = api
        self._discovery = discovery
        self._always_force = always_force

    def resource(self, of: Identity) -> Resource:
        """How an object's kind is served."""
        found = self._discovery.find(of.api_version, of.kind)
        if found is None:
            message = (
                f"the API server at {self._api.cluster.server} serves no kind {of.kind} in {of.api_version}: create "
                "its CustomResourceDefinition first (depends_on), or correct apiVersion and kind"
            )
            raise MissingKindError(message)
        return found

    def live(self, of: Identity) -> Object | None:
        """The object as it is, None where there is none."""
        return self._api.find(self.resource(of).path(of.name, of.namespace))

    def apply(self, manifest: Object, manager: str, *, dry_run: bool = False, force: bool = False) -> Object:
        """Applies a manifest and returns the object; a dry run changes nothing."""
        of = identity(manifest)
        parameters = {"fieldManager": manager, "fieldValidation": "Strict"}
        if force or self._always_force or annotation(manifest, "patchForce") == "true":
            parameters["force"] = "true"
        if dry_run:
            parameters["dryRun"] = "All"
        path = self.resource(of).path(of.name, of.namespace)
        try:
            return self._api.request("PATCH", path, parameters, manifest, APPLY)
        except ApiError as error:
            raise _explained(error, of) from None

    def patiently(self, action: Callable[[], _Result]) -> _Result:
        """Does what needs a kind or a namespace that may appear in a moment."""
        waited = 0.0
        while True:
            try:
                return action()
            except (MissingKindError, MissingNamespaceError):
                if waited >= KIND_SECONDS:
                    raise
            self._api.sleep(POLL_SECONDS)
            waited += POLL_SECONDS


class ConflictError(ProviderError):
    """Another field manager owns fields that the program sets."""


class InvalidError(ProviderError):
    """The API server finds the object invalid; `error` is its answer."""

    def __init__(self, message: str, error: ApiError) -> None:
        super().__init__(message)
        self.error = error


def _explained(error: ApiError, of: Identity) -> ProviderError:
    if error.status == 409 and error.causes:
        conflicts = "\n".join(f"  - {cause.get('message')}: {cause.get('field')}" for cause in error.causes)
        return ConflictError(
            f"{of}: fields that the program sets belong to another field manager:\n{conflicts}\n"
            'leave these fields out of the program, or take them over with the annotation pulumi.com/patchForce: "true"'
        )
    if error.status == 404:
        if "namespaces" in error.message:
            return MissingNamespaceError(f"{of}: {error.message}: create the namespace first")
        return MissingKindError(f"{of}: {error.message}")
    if error.status in (400, 422):
        return InvalidError(f"{of}: {_reasons(error)}", error)
    return ProviderError(f"{of}: {error.message}")


def _reasons(error: ApiError) -> str:
    if not error.causes:
        return error.message
    lines = [f"{cause.get('field') or 'object'}: {cause.get('message')}" for cause in error.causes]
    return "invalid: " + "; ".join(lines)
