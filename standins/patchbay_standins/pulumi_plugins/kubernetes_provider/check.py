"""Checks and completes a program's inputs, on the protobuf structs themselves: most objects never need decoding."""

from google.protobuf.struct_pb2 import Struct, Value
from pulumi.runtime.proto import provider_pb2

from patchbay_standins.pulumi_plugins.kubernetes_provider.discovery import Discovery
from patchbay_standins.pulumi_plugins.kubernetes_provider.naming import NamingError, complete_name, is_absent
from patchbay_standins.pulumi_plugins.plugin.properties import mark_secret


def check(request: provider_pb2.CheckRequest, discovery: Discovery, namespace: str) -> provider_pb2.CheckResponse:
    """The inputs with name and namespace; a failure names the property. Fields are validated by the API server."""
    inputs = Struct()
    inputs.CopyFrom(request.news)
    failure = _unsupported(request.urn, inputs)
    if failure:
        return provider_pb2.CheckResponse(failures=[failure])
    metadata = inputs.fields["metadata"]
    # Metadata that is unknown or secret as a whole cannot be completed.
    if metadata.WhichOneof("kind") in (None, "null_value", "struct_value"):
        try:
            complete_name(request, metadata.struct_value)
        except NamingError as error:
            missing = provider_pb2.CheckFailure(property="metadata.name", reason=str(error))
            return provider_pb2.CheckResponse(failures=[missing])
        _complete_namespace(inputs, metadata, discovery, namespace)
    if inputs.fields["apiVersion"].string_value == "v1" and inputs.fields["kind"].string_value == "Secret":
        for name in ("data", "stringData"):
            if not is_absent(inputs, name):
                mark_secret(inputs.fields[name])
    return provider_pb2.CheckResponse(inputs=inputs)


def _unsupported(urn: str, inputs: Struct) -> provider_pb2.CheckFailure | None:
    token = urn.split("::")[2].rpartition("$")[2]
    kind = inputs.fields["kind"].string_value if "kind" in inputs.fields else ""
    if not kind or "apiVersion" not in inputs.fields:
        return provider_pb2.CheckFailure(property="kind", reason=f"the type {token} is not supported by this provider")
    if token.endswith(":" + kind + "Patch"):
        return provider_pb2.CheckFailure(
            property="kind", reason=f"the type {token} is not supported by this provider: declare the whole object"
        )
    return None


def _complete_namespace(inputs: Struct, metadata: Value, discovery: Discovery, namespace: str) -> None:
    if not is_absent(metadata.struct_value, "namespace"):
        return
    served = discovery.find_planned(inputs.fields["apiVersion"].string_value, inputs.fields["kind"].string_value)
    if served is not None and served.namespaced:
        metadata.struct_value.fields["namespace"].string_value = namespace
