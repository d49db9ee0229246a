"""Plugins that are written in Python themselves: policy packs, and component or provider plugins."""

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

import grpc
from pulumi.runtime.proto import language_pb2

from patchbay_standins.pulumi_plugins.language_host import environment
from patchbay_standins.pulumi_plugins.language_host.children import Children, end

_PACKAGES: Final = Path(__file__).parents[3]


def run(
    request: language_pb2.RunPluginRequest, context: grpc.ServicerContext, children: Children
) -> Iterator[language_pb2.RunPluginResponse]:
    """Runs a plugin and streams what it writes, then its exit status."""
    with children.run(
        _command(request),
        cwd=request.pwd or request.info.program_directory,
        environment=_environment(request),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as child:
        context.add_callback(lambda: end(child))
        yield from _stream(child)
        yield language_pb2.RunPluginResponse(exitcode=child.wait())


def _command(request: language_pb2.RunPluginRequest) -> list[str]:
    own = environment.virtualenv(request.info)
    if request.kind == "analyzer" and own is not None and not own.exists():
        # A pack whose own environment nobody has made runs in this one, which has what the pack's requirements pin.
        python = sys.executable
    else:
        python = str(environment.find(request.info).python)
    program = Path(request.info.program_directory, request.info.entry_point)
    if request.kind == "analyzer":
        # A policy pack needs its stack before it starts; the host starts it when the engine has told it.
        return [
            python,
            "-P",
            "-u",
            "-m",
            "patchbay_standins.pulumi_plugins.language_host.policy_host",
            str(program),
            *request.args,
        ]
    return [python, "-u", str(program), *request.args]


def _environment(request: language_pb2.RunPluginRequest) -> dict[str, str]:
    pairs = (entry.partition("=") for entry in request.env)
    # The pack's Python finds the policy host there, also where this package is not installed for it.
    ours = {"PYTHONPATH": str(_PACKAGES)} if request.kind == "analyzer" else {}
    return dict(os.environ) | {name: value for name, _, value in pairs} | ours


def _stream(child: "subprocess.Popen[bytes]") -> Iterator[language_pb2.RunPluginResponse]:
    lines: queue.Queue[language_pb2.RunPluginResponse | None] = queue.Queue()

    def forward(stream: IO[bytes] | None, name: str) -> None:
        for line in stream or []:
            response = (
                language_pb2.RunPluginResponse(stdout=line)
                if name == "stdout"
                else language_pb2.RunPluginResponse(stderr=line)
            )
            lines.put(response)
        lines.put(None)

    streams = {"stdout": child.stdout, "stderr": child.stderr}
    for name, stream in streams.items():
        threading.Thread(target=forward, args=(stream, name), daemon=True).start()
    open_streams = len(streams)
    while open_streams:
        response = lines.get()
        if response is None:
            open_streams -= 1
        else:
            yield response
