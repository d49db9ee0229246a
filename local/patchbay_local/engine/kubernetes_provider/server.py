"""The provider's service: translates the engine's calls."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import grpc
from google.protobuf import empty_pb2
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from patchbay_local.engine.install import sdk_version
from patchbay_local.engine.kubernetes_provider import kubeconfig
from patchbay_local.engine.kubernetes_provider.check import check
from patchbay_local.engine.kubernetes_provider.diff import Change, Difference
from patchbay_local.engine.kubernetes_provider.invokes import INVOKES
from patchbay_local.engine.kubernetes_provider.lifecycle import Lifecycle, Subject
from patchbay_local.engine.kubernetes_provider.settings import Settings, SettingsError
from patchbay_local.engine.plugin.errors import ProviderError, hide, reported
from patchbay_local.engine.plugin.messages import EngineLog
from patchbay_local.engine.plugin.properties import (
    UNKNOWN,
    decode,
    encode,
    format_path,
    reveal,
    same,
    secret_strings,
)

_Diff = provider_pb2.PropertyDiff
_KINDS: Final = {
    (Change.ADD, False): _Diff.ADD,
    (Change.ADD, True): _Diff.ADD_REPLACE,
    (Change.DELETE, False): _Diff.DELETE,
    (Change.DELETE, True): _Diff.DELETE_REPLACE,
    (Change.UPDATE, False): _Diff.UPDATE,
    (Change.UPDATE, True): _Diff.UPDATE_REPLACE,
}


class KubernetesProvider(provider_pb2_grpc.ResourceProviderServicer):
    """Serves the engine at `engine`."""

    def __init__(self, engine: str) -> None:
        self._log = EngineLog(engine)
        self._cancelled = threading.Event()
        self._configured: Lifecycle | None = None
        self._namespace = "default"

    def register(self, server: grpc.Server) -> None:
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(self, server)

    def stop(self) -> None:
        self._cancelled.set()

    @property
    def _lifecycle(self) -> Lifecycle:
        if self._configured is None:
            message = "the provider is not configured"
            raise ProviderError(message)
        return self._configured

    def Handshake(
        self, request: provider_pb2.ProviderHandshakeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ProviderHandshakeResponse:
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True, supports_autonaming_configuration=True)

    def Attach(self, request: plugin_pb2.PluginAttach, context: grpc.ServicerContext) -> empty_pb2.Empty:
        self._log = EngineLog(request.address)
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=sdk_version("kubernetes"))

    def GetSchema(
        self, request: provider_pb2.GetSchemaRequest, context: grpc.ServicerContext
    ) -> provider_pb2.GetSchemaResponse:
        schema = {"name": "kubernetes", "version": sdk_version("kubernetes"), "resources": {}, "functions": {}}
        return provider_pb2.GetSchemaResponse(schema=json.dumps(schema))

    def GetMapping(
        self, request: provider_pb2.GetMappingRequest, context: grpc.ServicerContext
    ) -> provider_pb2.GetMappingResponse:
        return provider_pb2.GetMappingResponse()

    def GetMappings(
        self, request: provider_pb2.GetMappingsRequest, context: grpc.ServicerContext
    ) -> provider_pb2.GetMappingsResponse:
        return provider_pb2.GetMappingsResponse()

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        self._cancelled.set()
        return empty_pb2.Empty()

    @reported
    def Construct(
        self, request: provider_pb2.ConstructRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConstructResponse:
        message = (
            f"the component {request.type} is not supported by this provider: "
            "use the v1 yaml and kustomize components, or plain resources"
        )
        raise ProviderError(message)

    def CheckConfig(
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        known = {key: value for key, value in reveal(decode(request.news)).items() if value != UNKNOWN}
        try:
            Settings.parse(known)
        except SettingsError as error:
            failure = provider_pb2.CheckFailure(property=error.field, reason=error.reason)
            return provider_pb2.CheckResponse(failures=[failure])
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        unchanged = same(request.old_inputs, request.news)
        changes = provider_pb2.DiffResponse.DIFF_NONE if unchanged else provider_pb2.DiffResponse.DIFF_SOME
        return provider_pb2.DiffResponse(changes=changes)

    @reported
    def Configure(
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        try:
            settings = Settings.parse(reveal(decode(request.args)))
            cluster = kubeconfig.load(settings)
        except SettingsError as error:
            message = f"kubernetes provider: {error}"
            raise ProviderError(message) from None

        def warn(text: str) -> None:
            if not settings.suppress_deprecation_warnings:
                self._log.warning("", text)

        self._namespace = cluster.namespace
        self._configured = Lifecycle(settings, cluster, self._cancelled, warn)
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, supports_autonaming_configuration=True
        )

    @reported
    def Invoke(self, request: provider_pb2.InvokeRequest, context: grpc.ServicerContext) -> provider_pb2.InvokeResponse:
        function = INVOKES.get(request.tok)
        if function is None:
            message = f"the function {request.tok} is not supported by this provider"
            raise ProviderError(message)
        result = encode({"result": function(reveal(decode(request.args)))})
        response = provider_pb2.InvokeResponse()
        # The field's name is a keyword of Python.
        getattr(response, "return").CopyFrom(result)
        return response

    @reported
    def Check(self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:
        return check(request, self._lifecycle.discovery, self._namespace)

    @reported
    def Diff(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        if same(request.old_inputs, request.news):
            return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)
        with self._subject(request.urn, request.news, request.old_inputs, request.olds) as subject:
            return _diff_response(self._lifecycle.diff(subject))

    @reported
    def Create(self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext) -> provider_pb2.CreateResponse:
        with self._subject(request.urn, request.properties, timeout=request.timeout) as subject:
            if request.preview:
                return provider_pb2.CreateResponse(properties=encode(self._lifecycle.preview_create(subject)))
            identifier, outputs = self._lifecycle.create(subject)
            return provider_pb2.CreateResponse(id=identifier, properties=encode(outputs))

    @reported
    def Update(self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext) -> provider_pb2.UpdateResponse:
        with self._subject(request.urn, request.news, request.old_inputs, request.olds, request.timeout) as subject:
            act = self._lifecycle.preview_update if request.preview else self._lifecycle.update
            return provider_pb2.UpdateResponse(properties=encode(act(subject)))

    @reported
    def Read(self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext) -> provider_pb2.ReadResponse:
        with self._subject(request.urn, request.inputs, None, request.properties) as subject:
            found = self._lifecycle.read(request.id, request.type or _type_of(request.urn), subject)
        if found is None:
            return provider_pb2.ReadResponse()
        inputs, outputs = found
        return provider_pb2.ReadResponse(id=request.id, inputs=encode(inputs), properties=encode(outputs))

    @reported
    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        with self._subject(request.urn, None, request.old_inputs, request.properties, request.timeout) as subject:
            self._lifecycle.delete(request.id, subject)
        return empty_pb2.Empty()

    @contextmanager
    def _subject(
        self,
        urn: str,
        inputs: Struct | None,
        old_inputs: Struct | None = None,
        old_outputs: Struct | None = None,
        timeout: float = 0,
    ) -> Iterator[Subject]:
        """The subject of a call; secrets are taken out of the errors that it raises."""
        subject = Subject(
            urn=urn,
            inputs=_decode(inputs),
            old_inputs=_decode(old_inputs),
            old_outputs=_decode(old_outputs),
            timeout=timeout,
            show=lambda text: self._log.status(urn, text),
        )
        try:
            yield subject
        except ProviderError as error:
            properties = (subject.inputs, subject.old_inputs, subject.old_outputs)
            error.args = (hide(str(error), secret_strings(list(properties))),)
            raise


def _decode(struct: Struct | None) -> dict[str, Any]:
    return {} if struct is None else decode(struct)


def _diff_response(difference: Difference) -> provider_pb2.DiffResponse:
    if not difference.changes:
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)
    detailed: Mapping[str, provider_pb2.PropertyDiff] = {
        format_path(path): _Diff(kind=_KINDS[change, path in difference.replaces], inputDiff=True)
        for path, change in difference.changes.items()
    }
    return provider_pb2.DiffResponse(
        changes=provider_pb2.DiffResponse.DIFF_SOME,
        diffs=sorted({str(path[0]) for path in difference.changes}),
        replaces=sorted({str(path[0]) for path in difference.replaces}),
        deleteBeforeReplace=difference.delete_before_replace,
        detailedDiff=detailed,
        hasDetailedDiff=True,
    )


def _type_of(urn: str) -> str:
    return urn.split("::")[2].rpartition("$")[2]
