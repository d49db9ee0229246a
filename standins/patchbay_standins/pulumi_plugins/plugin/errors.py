"""Errors of a plugin, as the engine understands them."""

from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any, TypeVar

import grpc
from pulumi.runtime.proto import provider_pb2, status_pb2

from patchbay_standins.pulumi_plugins.plugin.properties import encode

_Self = TypeVar("_Self")
_Request = TypeVar("_Request")
_Response = TypeVar("_Response")


class ProviderError(Exception):
    """What was asked for could not be done, and nothing is left half done; the message is for the user."""


class InitializationError(ProviderError):
    """A resource was created or updated, but did not become ready: the engine keeps it and tries again next time."""

    def __init__(self, reason: str, *, identifier: str, outputs: Mapping[str, Any]) -> None:
        super().__init__(reason)
        self.identifier = identifier
        self.outputs = outputs


class SettingsError(ValueError):
    """A setting of the provider is wrong; `field` names it."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


def reported(
    method: Callable[[_Self, _Request, grpc.ServicerContext], _Response],
) -> Callable[[_Self, _Request, grpc.ServicerContext], _Response]:
    """Turns the errors of a service method into gRPC statuses."""

    @wraps(method)
    def call(self: _Self, request: _Request, context: grpc.ServicerContext) -> _Response:
        try:
            return method(self, request, context)
        except InitializationError as error:
            _attach_partial_failure(context, error)
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
        except ProviderError as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))

    return call


def _attach_partial_failure(context: grpc.ServicerContext, error: InitializationError) -> None:
    detail = provider_pb2.ErrorResourceInitFailed(
        id=error.identifier,
        properties=encode(error.outputs),
        reasons=[str(error)],
    )
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(error))
    status.details.add().Pack(detail)
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))


def hide(message: str, secrets: Iterable[str]) -> str:
    """The message without the secrets that a server may have quoted in it."""
    for secret in sorted((text for text in secrets if len(text) > 2), key=len, reverse=True):
        message = message.replace(secret, "[secret]")
    return message
