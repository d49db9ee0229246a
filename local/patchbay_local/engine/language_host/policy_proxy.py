"""Stands in front of a policy pack, which must know its stack when it starts.

The engine starts a pack first and names the stack in a call, `ConfigureStack`; the Python SDK reads the stack from
its environment when it starts. So this process answers the engine, and starts the pack once the stack is known.
"""

import json
import os
import subprocess
import sys
import threading
from typing import Any, TypeVar, cast

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc, plugin_pb2

from patchbay_local.engine.language_host.children import end
from patchbay_local.engine.plugin.errors import ProviderError
from patchbay_local.engine.plugin.serving import engine_address, serve

_Answer = TypeVar("_Answer")


class PolicyProxy(analyzer_pb2_grpc.AnalyzerServicer):
    """One policy pack: the program at `program`, run by `python` for the engine at `engine`."""

    def __init__(self, python: str, program: str, engine: str) -> None:
        self._command = [python, "-u", "-m", "pulumi.policy", engine, program]
        self._lock = threading.Lock()
        self._environment: dict[str, str] = {}
        self._child: subprocess.Popen[bytes] | None = None
        self._stub: analyzer_pb2_grpc.AnalyzerStub | None = None

    def register(self, server: grpc.Server) -> None:
        analyzer_pb2_grpc.add_AnalyzerServicer_to_server(self, server)

    def stop(self) -> None:
        if self._child is not None:
            end(self._child)

    def Handshake(
        self, request: analyzer_pb2.AnalyzerHandshakeRequest, context: grpc.ServicerContext
    ) -> analyzer_pb2.AnalyzerHandshakeResponse:
        return analyzer_pb2.AnalyzerHandshakeResponse()

    def ConfigureStack(
        self, request: analyzer_pb2.AnalyzerStackConfigureRequest, context: grpc.ServicerContext
    ) -> analyzer_pb2.AnalyzerStackConfigureResponse:
        self._environment = {
            "PULUMI_ORGANIZATION": request.organization,
            "PULUMI_PROJECT": request.project,
            "PULUMI_STACK": request.stack,
            "PULUMI_DRY_RUN": str(request.dry_run).lower(),
            "PULUMI_CONFIG": json.dumps(dict(request.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.config_secret_keys)),
        }
        return analyzer_pb2.AnalyzerStackConfigureResponse()

    def Analyze(
        self, request: analyzer_pb2.AnalyzeRequest, context: grpc.ServicerContext
    ) -> analyzer_pb2.AnalyzeResponse:
        return self._forward(analyzer_pb2.AnalyzeResponse, "Analyze", request, context)

    def AnalyzeStack(
        self, request: analyzer_pb2.AnalyzeStackRequest, context: grpc.ServicerContext
    ) -> analyzer_pb2.AnalyzeResponse:
        return self._forward(analyzer_pb2.AnalyzeResponse, "AnalyzeStack", request, context)

    def Remediate(
        self, request: analyzer_pb2.AnalyzeRequest, context: grpc.ServicerContext
    ) -> analyzer_pb2.RemediateResponse:
        return self._forward(analyzer_pb2.RemediateResponse, "Remediate", request, context)

    def GetAnalyzerInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> analyzer_pb2.AnalyzerInfo:
        return self._forward(analyzer_pb2.AnalyzerInfo, "GetAnalyzerInfo", request, context)

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        return self._forward(plugin_pb2.PluginInfo, "GetPluginInfo", request, context)

    def Configure(
        self, request: analyzer_pb2.ConfigureAnalyzerRequest, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        return self._forward(empty_pb2.Empty, "Configure", request, context)

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        self.stop()
        return empty_pb2.Empty()

    def _forward(self, answer: type[_Answer], method: str, request: Any, context: grpc.ServicerContext) -> _Answer:
        try:
            response = getattr(self._started(), method)(request)
        except grpc.RpcError as error:
            context.abort(error.code(), error.details() or "")
        except ProviderError as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
        return cast(_Answer, response)

    def _started(self) -> analyzer_pb2_grpc.AnalyzerStub:
        with self._lock:
            if self._stub is None:
                self._child = subprocess.Popen(
                    self._command,
                    env=os.environ | self._environment,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                )
                stdout = self._child.stdout
                port = stdout.readline().decode().strip() if stdout else ""
                if not port.isdigit():
                    self._child.wait()
                    message = f"the policy pack {self._command[-1]} did not start; its output says why"
                    raise ProviderError(message)
                # What the pack prints from here on is for the user.
                threading.Thread(target=_copy, args=(stdout,), daemon=True).start()
                self._stub = analyzer_pb2_grpc.AnalyzerStub(grpc.insecure_channel(f"127.0.0.1:{port}"))
            return self._stub


def _copy(stream: Any) -> None:
    for line in stream:
        sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    proxy = PolicyProxy(sys.argv[1], sys.argv[2], engine_address(sys.argv[3:]))
    serve(proxy.register, workers=16, on_stop=proxy.stop)
