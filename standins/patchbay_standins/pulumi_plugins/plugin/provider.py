"""What every resource provider answers in the same way."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import grpc
from google.protobuf import empty_pb2
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from patchbay_standins.pulumi_plugins.plugin.errors import ProviderError, SettingsError, hide, reported
from patchbay_standins.pulumi_plugins.plugin.properties import UNKNOWN, decode, encode, reveal, same, secret_strings
from patchbay_standins.pulumi_plugins.sdk import sdk_version


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """A provider of the resources of one package."""

    def __init__(self, package: str) -> None:
        self.package = package
        self.cancelled = threading.Event()

    def register(self, server: grpc.Server) -> None:
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(self, server)

    def stop(self) -> None:
        self.cancelled.set()

    def Handshake(
        self, request: provider_pb2.ProviderHandshakeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ProviderHandshakeResponse:
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True, supports_autonaming_configuration=True)

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=sdk_version(self.package))

    def GetSchema(
        self, request: provider_pb2.GetSchemaRequest, context: grpc.ServicerContext
    ) -> provider_pb2.GetSchemaResponse:
        schema = {"name": self.package, "version": sdk_version(self.package), "resources": {}, "functions": {}}
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
        self.cancelled.set()
        return empty_pb2.Empty()

    @reported
    def Construct(
        self, request: provider_pb2.ConstructRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConstructResponse:
        message = f"the component {request.type} is not supported by this provider: use plain resources"
        raise ProviderError(message)

    def DiffConfig(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        unchanged = same(request.old_inputs, request.news)
        changes = provider_pb2.DiffResponse.DIFF_NONE if unchanged else provider_pb2.DiffResponse.DIFF_SOME
        return provider_pb2.DiffResponse(changes=changes)


def checked_config(
    request: provider_pb2.CheckRequest, parse: Callable[[Mapping[str, Any]], object]
) -> provider_pb2.CheckResponse:
    """The provider's inputs, or the one that `parse` refuses; what is unknown in a preview is left out."""
    known = {key: value for key, value in reveal(decode(request.news)).items() if value != UNKNOWN}
    try:
        parse(known)
    except SettingsError as error:
        failure = provider_pb2.CheckFailure(property=error.field, reason=error.reason)
        return provider_pb2.CheckResponse(failures=[failure])
    return provider_pb2.CheckResponse(inputs=request.news)


def invoke_response(result: Mapping[str, Any]) -> provider_pb2.InvokeResponse:
    """The result of a function."""
    response = provider_pb2.InvokeResponse()
    # The field's name is a keyword of Python.
    getattr(response, "return").CopyFrom(encode(result))
    return response


def decoded(struct: Struct | None) -> dict[str, Any]:
    """The plain value of a property map that may be missing."""
    return {} if struct is None else decode(struct)


@contextmanager
def hiding(*properties: Any) -> Iterator[None]:
    """Takes the secrets in these properties out of the errors that are raised."""
    try:
        yield
    except ProviderError as error:
        error.args = (hide(str(error), secret_strings(list(properties))),)
        raise


def type_of(urn: str) -> str:
    """The resource's type in its URN."""
    return urn.split("::")[2].rpartition("$")[2]
