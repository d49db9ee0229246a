"""The language host's service."""

import json
import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

from patchbay_standins.pulumi_plugins.language_host import dependencies, environment, packages, plugins
from patchbay_standins.pulumi_plugins.language_host.children import Children, end
from patchbay_standins.pulumi_plugins.plugin.errors import ProviderError, reported

# Of the SDK's program that runs the user's: it has told the user what went wrong.
_TOLD: Final = 32


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Runs Python programs for the engine at `engine`, by the SDK's own `pulumi-language-python-exec`."""

    def __init__(self, execute: Path, engine: str) -> None:
        self._execute = execute
        self._engine = engine
        self._children = Children()

    def register(self, server: grpc.Server) -> None:
        language_pb2_grpc.add_LanguageRuntimeServicer_to_server(self, server)

    def stop(self) -> None:
        self._children.close()

    def Handshake(
        self, request: language_pb2.LanguageHandshakeRequest, context: grpc.ServicerContext
    ) -> language_pb2.LanguageHandshakeResponse:
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        from importlib.metadata import version  # noqa: PLC0415 - asked for rarely, slow to import

        return plugin_pb2.PluginInfo(version=version("pulumi"))

    @reported
    def About(self, request: language_pb2.AboutRequest, context: grpc.ServicerContext) -> language_pb2.AboutResponse:
        python = environment.find(request.info).python if request.HasField("info") else Path(sys.executable)
        return language_pb2.AboutResponse(
            executable=str(python), version=platform.python_version(), metadata={"host": "patchbay stand-in"}
        )

    @reported
    def GetRequiredPackages(
        self, request: language_pb2.GetRequiredPackagesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetRequiredPackagesResponse:
        found = packages.required(environment.find(request.info))
        return language_pb2.GetRequiredPackagesResponse(packages=list(found))

    @reported
    def GetProgramDependencies(
        self, request: language_pb2.GetProgramDependenciesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetProgramDependenciesResponse:
        found = packages.installed(environment.find(request.info), transitive=request.transitiveDependencies)
        return language_pb2.GetProgramDependenciesResponse(dependencies=list(found))

    def RuntimeOptionsPrompts(
        self, request: language_pb2.RuntimeOptionsRequest, context: grpc.ServicerContext
    ) -> language_pb2.RuntimeOptionsResponse:
        return language_pb2.RuntimeOptionsResponse()

    def InstallDependencies(
        self, request: language_pb2.InstallDependenciesRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.InstallDependenciesResponse]:
        try:
            yield from dependencies.install(request.info, self._children)
        except ProviderError as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))

    def RunPlugin(
        self, request: language_pb2.RunPluginRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.RunPluginResponse]:
        try:
            yield from plugins.run(request, context, self._children)
        except ProviderError as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        self._children.end_all()
        return empty_pb2.Empty()

    @reported
    def Run(self, request: language_pb2.RunRequest, context: grpc.ServicerContext) -> language_pb2.RunResponse:
        info = request.info
        command = [
            str(environment.find(info).python),
            "-u",
            str(self._execute),
            f"--monitor={request.monitor_address}",
            f"--engine={self._engine}",
            f"--project={request.project}",
            f"--stack={request.stack}",
            f"--organization={request.organization}",
            f"--root_directory={info.root_directory}",
            f"--parallel={request.parallel}",
            f"--dry_run={str(request.dryRun).lower()}",
            str(Path(info.program_directory, info.entry_point)),
            *request.args,
        ]
        # The child writes to the same streams as this process: the engine shows them line by line.
        with self._children.run(
            command, cwd=request.pwd or info.program_directory, environment=_environment(request)
        ) as child:
            context.add_callback(lambda: end(child))
            status = child.wait()
        if status == 0:
            return language_pb2.RunResponse()
        if status == _TOLD:
            return language_pb2.RunResponse(bail=True)
        return language_pb2.RunResponse(error=f"the program ended with exit status {status}")


def _environment(request: language_pb2.RunRequest) -> dict[str, str]:
    """The program's environment: configuration travels in variables, since arguments are visible to everyone."""
    return os.environ | {
        "PULUMI_CONFIG": json.dumps(dict(request.config)),
        "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
    }
