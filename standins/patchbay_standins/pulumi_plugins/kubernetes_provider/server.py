"""The provider's service: translates the engine's calls."""

from collections.abc import Iterator
from contextlib import contextmanager

import grpc
from google.protobuf import empty_pb2
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import provider_pb2

from patchbay_standins.pulumi_plugins.kubernetes_provider import kubeconfig
from patchbay_standins.pulumi_plugins.kubernetes_provider.check import check
from patchbay_standins.pulumi_plugins.kubernetes_provider.invokes import INVOKES
from patchbay_standins.pulumi_plugins.kubernetes_provider.lifecycle import Lifecycle, Subject
from patchbay_standins.pulumi_plugins.kubernetes_provider.settings import Settings
from patchbay_standins.pulumi_plugins.plugin.errors import ProviderError, SettingsError, reported
from patchbay_standins.pulumi_plugins.plugin.properties import decode, encode, reveal, same
from patchbay_standins.pulumi_plugins.plugin.provider import (
    Provider,
    checked_config,
    decoded,
    hiding,
    invoke_response,
    type_of,
)


class KubernetesProvider(Provider):
    """Serves the engine at `engine`."""

    def __init__(self, engine: str) -> None:
        super().__init__("kubernetes", engine)
        self._configured: Lifecycle | None = None
        self._namespace = "default"

    @property
    def _lifecycle(self) -> Lifecycle:
        if self._configured is None:
            message = "the provider is not configured"
            raise ProviderError(message)
        return self._configured

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
        return checked_config(request, Settings.parse)

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
                self.messages.warning("", text)

        self._namespace = cluster.namespace
        self._configured = Lifecycle(settings, cluster, self.cancelled, warn)
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, supports_autonaming_configuration=True
        )

    @reported
    def Invoke(self, request: provider_pb2.InvokeRequest, context: grpc.ServicerContext) -> provider_pb2.InvokeResponse:
        function = INVOKES.get(request.tok)
        if function is None:
            message = f"the function {request.tok} is not supported by this provider"
            raise ProviderError(message)
        return invoke_response({"result": function(reveal(decode(request.args)))})

    @reported
    def Check(self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:
        return check(request, self._lifecycle.discovery, self._namespace)

    @reported
    def Diff(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        if same(request.old_inputs, request.news):
            return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)
        with self._subject(request.urn, request.news, request.old_inputs, request.olds) as subject:
            return self._lifecycle.diff(subject).response()

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
            found = self._lifecycle.read(request.id, request.type or type_of(request.urn), subject)
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
            inputs=decoded(inputs),
            old_inputs=decoded(old_inputs),
            old_outputs=decoded(old_outputs),
            timeout=timeout,
            show=lambda text: self.messages.status(urn, text),
        )
        with hiding(subject.inputs, subject.old_inputs, subject.old_outputs):
            yield subject
