"""The provider's service: translates the engine's calls."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import grpc
from google.protobuf import empty_pb2
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import provider_pb2

from patchbay_standins.pulumi_plugins.aws_provider import check, difference, reading
from patchbay_standins.pulumi_plugins.aws_provider.clients import Clients
from patchbay_standins.pulumi_plugins.aws_provider.invokes import invoke
from patchbay_standins.pulumi_plugins.aws_provider.lifecycle import Lifecycle, NotReadyError, explain
from patchbay_standins.pulumi_plugins.aws_provider.resource import AwsError
from patchbay_standins.pulumi_plugins.aws_provider.row import Row
from patchbay_standins.pulumi_plugins.aws_provider.rows import TABLE
from patchbay_standins.pulumi_plugins.aws_provider.settings import Settings
from patchbay_standins.pulumi_plugins.plugin.errors import ProviderError, SettingsError, reported
from patchbay_standins.pulumi_plugins.plugin.properties import (
    decode,
    encode,
    format_path,
    reveal,
    same,
    seal,
    secret_paths,
)
from patchbay_standins.pulumi_plugins.plugin.provider import (
    Provider,
    checked_config,
    decoded,
    hiding,
    invoke_response,
    type_of,
)


class AwsProvider(Provider):
    """Answers the engine's calls for resources of AWS."""

    def __init__(self) -> None:
        super().__init__("aws")
        self._configured: tuple[Settings, Clients, Lifecycle] | None = None

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
        except SettingsError as error:
            message = f"aws provider: {error}"
            raise ProviderError(message) from None
        clients = Clients(settings)
        with _errors():
            _check_account(settings, clients)
        lifecycle = Lifecycle(clients, settings.region, settings.default_tags, self.cancelled)
        self._configured = (settings, clients, lifecycle)
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, supports_autonaming_configuration=True
        )

    @reported
    def Invoke(self, request: provider_pb2.InvokeRequest, context: grpc.ServicerContext) -> provider_pb2.InvokeResponse:
        settings, clients, _ = self._ready()
        with _errors():
            return invoke_response(invoke(request.tok, reveal(decode(request.args)), clients, settings.region))

    @reported
    def Check(self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:
        token = type_of(request.urn)
        row = TABLE.get(token)
        if row is None:
            reason = f"the type {token} is not supported by the AWS provider's stand-in: it has no row for it"
            return provider_pb2.CheckResponse(failures=[provider_pb2.CheckFailure(reason=reason)])
        inputs = _with_defaults(row, request.news)
        # What has been deployed was checked before.
        if not same(request.olds, inputs):
            missing = self._ready()[1].missing_endpoint(row.service)
            failures = [provider_pb2.CheckFailure(reason=missing)] if missing else []
            failures += [
                provider_pb2.CheckFailure(property=format_path(path), reason=reason)
                for path, reason in check.faults(row, reveal(decode(inputs)))
            ]
            if failures:
                return provider_pb2.CheckResponse(failures=failures)
        return provider_pb2.CheckResponse(inputs=inputs)

    @reported
    def Diff(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        if same(request.old_inputs, request.news):
            return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)
        old, new, outputs = (reveal(decode(item)) for item in (request.old_inputs, request.news, request.olds))
        return difference.compare(_row(request.urn), old, new, outputs).response()

    @reported
    def Create(self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext) -> provider_pb2.CreateResponse:
        row, lifecycle = _row(request.urn), self._ready()[2]
        sealed = decode(request.properties)
        inputs = reveal(sealed)
        with hiding(sealed), _errors(row, request.urn):
            if request.preview:
                identifier, outputs = "", lifecycle.planned(row, inputs)
            else:
                resource = lifecycle.resource(row, inputs=inputs)
                identifier, outputs = lifecycle.create(row, resource, request.timeout)
            return provider_pb2.CreateResponse(id=identifier, properties=_sealed(outputs, sealed))

    @reported
    def Update(self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext) -> provider_pb2.UpdateResponse:
        row, lifecycle = _row(request.urn), self._ready()[2]
        sealed, before, outputs = (decode(item) for item in (request.news, request.old_inputs, request.olds))
        with hiding(sealed, before, outputs), _errors():
            if request.preview:
                made = lifecycle.planned(row, reveal(sealed), reveal(outputs))
            else:
                resource = lifecycle.resource(
                    row,
                    identifier=request.id,
                    inputs=reveal(sealed),
                    before=reveal(before),
                    outputs=reveal(outputs),
                )
                made = lifecycle.update(row, resource, request.timeout)
            return provider_pb2.UpdateResponse(properties=_sealed(made, sealed))

    @reported
    def Read(self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext) -> provider_pb2.ReadResponse:
        row, lifecycle = _row(request.urn), self._ready()[2]
        sealed, outputs = decoded(request.inputs), decoded(request.properties)
        inputs = reveal(sealed)
        with hiding(sealed, outputs), _errors():
            resource = lifecycle.resource(row, identifier=request.id, inputs=inputs, outputs=reveal(outputs))
            found = lifecycle.read(row, resource)
        if found is None:
            return provider_pb2.ReadResponse()
        identifier, current = found
        refreshed = reading.refreshed_inputs(row, inputs, current) if inputs else reading.imported_inputs(row, current)
        return provider_pb2.ReadResponse(
            id=identifier, inputs=_sealed(refreshed, sealed), properties=_sealed(current, sealed)
        )

    @reported
    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        row, lifecycle = _row(request.urn), self._ready()[2]
        inputs, outputs = decode(request.old_inputs), decode(request.properties)
        with hiding(inputs, outputs), _errors():
            resource = lifecycle.resource(row, identifier=request.id, inputs=reveal(inputs), outputs=reveal(outputs))
            lifecycle.delete(row, resource, request.timeout)
        return empty_pb2.Empty()

    def _ready(self) -> tuple[Settings, Clients, Lifecycle]:
        if self._configured is None:
            message = "the provider is not configured"
            raise ProviderError(message)
        return self._configured


def _check_account(settings: Settings, clients: Clients) -> None:
    if not settings.allowed_accounts and not settings.forbidden_accounts:
        return
    account = clients.account()
    allowed = not settings.allowed_accounts or account in settings.allowed_accounts
    if not allowed or account in settings.forbidden_accounts:
        message = f"the account {account} is not one that allowedAccountIds and forbiddenAccountIds leave"
        raise ProviderError(message)


@contextmanager
def _errors(row: Row | None = None, urn: str = "") -> Iterator[None]:
    """Turns AWS' errors into the engine's; those of a creation tell what to do where a resource exists already."""
    try:
        yield
    except AwsError as error:
        if row is not None:
            explain(error, row, urn)
        raise ProviderError(str(error)) from None
    except NotReadyError as error:
        raise ProviderError(str(error)) from None


def _row(urn: str) -> Row:
    token = type_of(urn)
    if token not in TABLE:
        message = f"the type {token} is not supported by the AWS provider's stand-in"
        raise ProviderError(message)
    return TABLE[token]


def _with_defaults(row: Row, news: Struct) -> Struct:
    missing = {name: value for name, value in row.defaults.items() if name not in news.fields}
    inputs = encode(missing)
    inputs.MergeFrom(news)
    return inputs


def _sealed(values: Mapping[str, Any], like: Mapping[str, Any]) -> Struct:
    """The values with the same ones secret; a change within a secret is secret."""
    return encode(seal(dict(values), secret_paths(like)))
