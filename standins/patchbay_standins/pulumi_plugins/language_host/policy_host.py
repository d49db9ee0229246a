"""Runs a policy pack, which must know its stack when it starts.

The engine starts a pack first and names the stack in a call, `ConfigureStack`; the Python SDK reads the stack from its
environment when it starts. So this process, a Python of the pack's own environment, answers the engine, and runs the
pack in itself once the stack is known: every resource takes two calls, and a process between them and the pack would
take as long as the rules.
"""

import json
import os
import runpy
import sys
import threading
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import analyzer_pb2

from patchbay_standins.pulumi_plugins.plugin.serving import engine_address, serve

_SERVICE: Final = analyzer_pb2.DESCRIPTOR.services_by_name["Analyzer"]


class PackServer:
    """What the SDK takes for the gRPC server that it makes for a pack: it keeps what is to be served."""

    def __init__(self) -> None:
        self._handlers: list[grpc.GenericRpcHandler] = []
        self._settled = threading.Event()
        self._started = False

    def add_generic_rpc_handlers(self, handlers: Sequence[grpc.GenericRpcHandler]) -> None:
        """As of `grpc.Server`."""
        self._handlers.extend(handlers)

    def add_insecure_port(self, address: str) -> int:  # noqa: ARG002 # the SDK names it
        """As of `grpc.Server`; nothing listens there."""
        return 0

    def start(self) -> None:
        """Lets calls through, and keeps the thread: the SDK would go on by telling the engine its port."""
        self._started = True
        self._settled.set()
        threading.Event().wait()

    def failed(self) -> None:
        """The pack ended instead of serving."""
        self._settled.set()

    def method(self, name: str) -> "grpc.RpcMethodHandler[Any, Any] | None":
        """A method of the pack, once it serves; None when it does not."""
        self._settled.wait()
        if not self._started:
            return None
        details = _Call(f"/{_SERVICE.full_name}/{name}")
        return next((found for handler in self._handlers if (found := handler.service(details))), None)


class _Call(grpc.HandlerCallDetails):
    def __init__(self, method: str) -> None:
        self.method = method
        self.invocation_metadata = ()


class PolicyHost:
    """One policy pack: the program at `program`, for the engine at `engine`."""

    def __init__(self, program: str, engine: str) -> None:
        self._program = program
        self._arguments = ["pulumi.policy", engine, program]
        self._pack = PackServer()
        self._stack = b""

    def register(self, server: grpc.Server) -> None:
        """Serve the engine there."""
        handlers = {method.name: self._passing_on(method.name) for method in _SERVICE.methods}
        handlers["GetAnalyzerInfo"] = grpc.unary_unary_rpc_method_handler(self._info)
        handlers["Handshake"] = grpc.unary_unary_rpc_method_handler(_handshake)
        handlers["ConfigureStack"] = grpc.unary_unary_rpc_method_handler(self._configure_stack)
        handlers["Cancel"] = grpc.unary_unary_rpc_method_handler(_cancel)
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(_SERVICE.full_name, handlers),))

    def _configure_stack(self, request: bytes, _: grpc.ServicerContext) -> bytes:
        self._stack = request
        os.environ |= _environment(analyzer_pb2.AnalyzerStackConfigureRequest.FromString(request))
        # The pack is importing while the engine goes on; who asks it first waits.
        threading.Thread(target=self._run, daemon=True).start()
        return analyzer_pb2.AnalyzerStackConfigureResponse().SerializeToString()

    def _run(self) -> None:
        # This process's own server runs by now, and the pack's is the only one that is still made.
        grpc.server = lambda *_, **__: self._pack  # type: ignore[assignment]
        sys.argv = self._arguments
        try:
            runpy.run_module("pulumi.policy", run_name="__main__")
        except SystemExit:
            pass  # the SDK has said why
        finally:
            self._pack.failed()

    def _info(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        # The stack's tags are told by this call only.
        self._call("ConfigureStack", self._stack, context)
        return self._call("GetAnalyzerInfo", request, context)

    def _passing_on(self, method: str) -> "grpc.RpcMethodHandler[bytes, bytes]":
        return grpc.unary_unary_rpc_method_handler(partial(self._call, method))

    def _call(self, name: str, request: bytes, context: grpc.ServicerContext) -> bytes:
        # Typed as optional is what every method of a pack has.
        method: Any = self._pack.method(name)
        if method is None:
            message = f"the policy pack {self._program} did not start; its output says why"
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, message)
        try:
            answer: bytes = method.response_serializer(
                method.unary_unary(method.request_deserializer(request), context)
            )
        except Exception as error:  # a policy may fail in any way, and the engine shows how
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
        return answer


def _handshake(_: bytes, __: grpc.ServicerContext) -> bytes:
    return analyzer_pb2.AnalyzerHandshakeResponse().SerializeToString()


def _cancel(_: bytes, __: grpc.ServicerContext) -> bytes:
    return empty_pb2.Empty().SerializeToString()


def _environment(stack: analyzer_pb2.AnalyzerStackConfigureRequest) -> dict[str, str]:
    return {
        "PULUMI_ORGANIZATION": stack.organization,
        "PULUMI_PROJECT": stack.project,
        "PULUMI_STACK": stack.stack,
        "PULUMI_DRY_RUN": str(stack.dry_run).lower(),
        "PULUMI_CONFIG": json.dumps(dict(stack.config)),
        "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(stack.config_secret_keys)),
    }


if __name__ == "__main__":
    host = PolicyHost(sys.argv[1], engine_address(sys.argv[2:]))
    serve(host.register, workers=4)
