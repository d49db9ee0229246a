"""Stands in front of a policy pack, which must know its stack when it starts.

The engine starts a pack first and names the stack in a call, `ConfigureStack`; the Python SDK reads the stack from
its environment when it starts. So this process answers the engine, and starts the pack once the stack is known.
What passes through after that is not decoded: with a pack, every resource takes two calls.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import IO, Final

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import analyzer_pb2

from patchbay_local.engine.language_host.children import end
from patchbay_local.engine.plugin.errors import ProviderError
from patchbay_local.engine.plugin.serving import MESSAGE_BYTES, engine_address, serve

_SERVICE: Final = analyzer_pb2.DESCRIPTOR.services_by_name["Analyzer"]


class PolicyProxy:
    """One policy pack: the program at `program`, run by `python` for the engine at `engine`."""

    def __init__(self, python: str, program: str, engine: str) -> None:
        self._command = [python, "-u", "-m", "pulumi.policy", engine, program]
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._channel: grpc.Channel | None = None
        self._stack = analyzer_pb2.AnalyzerStackConfigureRequest()
        self._remediates = True

    def register(self, server: grpc.Server) -> None:
        handlers = {method.name: self._forwarding(method.name) for method in _SERVICE.methods}
        handlers["GetAnalyzerInfo"] = grpc.unary_unary_rpc_method_handler(self._info)
        handlers["Configure"] = grpc.unary_unary_rpc_method_handler(self._configure)
        handlers["Remediate"] = grpc.unary_unary_rpc_method_handler(self._remediate)
        handlers["Handshake"] = grpc.unary_unary_rpc_method_handler(_handshake)
        handlers["ConfigureStack"] = grpc.unary_unary_rpc_method_handler(self._configure_stack)
        handlers["Cancel"] = grpc.unary_unary_rpc_method_handler(self._cancel)
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(_SERVICE.full_name, handlers),))

    def stop(self) -> None:
        if self._child is not None:
            end(self._child)

    def _configure_stack(self, request: bytes, _: grpc.ServicerContext) -> bytes:
        self._stack.ParseFromString(request)
        with self._lock:
            # The pack is importing while the engine goes on; who asks it first waits.
            self._start()
        return analyzer_pb2.AnalyzerStackConfigureResponse().SerializeToString()

    def _cancel(self, _: bytes, __: grpc.ServicerContext) -> bytes:
        self.stop()
        return empty_pb2.Empty().SerializeToString()

    def _info(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        answer = self._forward("GetAnalyzerInfo", request, context)
        levels = [policy.enforcementLevel for policy in analyzer_pb2.AnalyzerInfo.FromString(answer).policies]
        self._remediates = analyzer_pb2.REMEDIATE in levels
        return answer

    def _configure(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        config = analyzer_pb2.ConfigureAnalyzerRequest.FromString(request).policyConfig
        self._remediates |= any(policy.enforcementLevel == analyzer_pb2.REMEDIATE for policy in config.values())
        return self._forward("Configure", request, context)

    def _remediate(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        # The engine asks about every resource, also where the pack has nothing that would change one.
        if self._remediates:
            return self._forward("Remediate", request, context)
        return analyzer_pb2.RemediateResponse().SerializeToString()

    def _forwarding(self, method: str) -> "grpc.RpcMethodHandler[bytes, bytes]":
        return grpc.unary_unary_rpc_method_handler(partial(self._forward, method))

    def _forward(self, method: str, request: bytes, context: grpc.ServicerContext) -> bytes:
        try:
            return self._call(method)(request)
        except grpc.RpcError as error:
            context.abort(error.code(), _reason(error.details() or ""))
        except ProviderError as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))

    def _call(self, method: str) -> Callable[[bytes], bytes]:
        with self._lock:
            if self._channel is None:
                self._channel = self._connect()
            return _method(self._channel, method)

    def _start(self) -> subprocess.Popen[bytes]:
        if self._child is None:
            self._child = subprocess.Popen(
                self._command,
                env=os.environ | _environment(self._stack),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
            )
        return self._child

    def _connect(self) -> grpc.Channel:
        child = self._start()
        port = child.stdout.readline().decode().strip() if child.stdout else ""
        if not port.isdigit():
            child.wait()
            message = f"the policy pack {self._command[-1]} did not start; its output says why"
            raise ProviderError(message)
        # What the pack prints from here on is for the user.
        threading.Thread(target=_copy, args=(child.stdout,), daemon=True).start()
        channel = grpc.insecure_channel(
            f"127.0.0.1:{port}", options=[("grpc.max_receive_message_length", MESSAGE_BYTES)]
        )
        # The stack's tags are told by this call only.
        _method(channel, "ConfigureStack")(self._stack.SerializeToString())
        return channel


def _method(channel: grpc.Channel, name: str) -> Callable[[bytes], bytes]:
    method: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(f"/{_SERVICE.full_name}/{name}")
    return method


def _handshake(_: bytes, __: grpc.ServicerContext) -> bytes:
    return analyzer_pb2.AnalyzerHandshakeResponse().SerializeToString()


def _environment(stack: analyzer_pb2.AnalyzerStackConfigureRequest) -> dict[str, str]:
    return {
        "PULUMI_ORGANIZATION": stack.organization,
        "PULUMI_PROJECT": stack.project,
        "PULUMI_STACK": stack.stack,
        "PULUMI_DRY_RUN": str(stack.dry_run).lower(),
        "PULUMI_CONFIG": json.dumps(dict(stack.config)),
        "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(stack.config_secret_keys)),
    }


def _reason(details: str) -> str:
    """What a policy said when it failed, without gRPC's own words about where it was raised."""
    return details.removeprefix("Exception calling application: ")


def _copy(stream: IO[bytes]) -> None:
    for line in stream:
        sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    proxy = PolicyProxy(sys.argv[1], sys.argv[2], engine_address(sys.argv[3:]))
    serve(proxy.register, workers=16, on_stop=proxy.stop)
