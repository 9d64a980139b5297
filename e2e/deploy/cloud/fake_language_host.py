"""Serves the engine's LanguageRuntime with the classes of the `pulumi` wheel.

Differs from the real host: it runs in the program's environment already, so that it neither asks
`uv` nor installs anything; and it knows no policy packs.
"""

import os
import runpy
import sys
from functools import partial
from pathlib import Path

import grpc
from google.protobuf import empty_pb2
from pulumi.automation._server import LanguageServer
from pulumi.runtime.proto import language_pb2, language_pb2_grpc

from e2e.deploy.cloud import plugin


class Host(LanguageServer):
    # ruff: noqa: N802, ARG002  - names and parameters are those of the protocol

    def __init__(self) -> None:
        super().__init__(program=lambda: None)

    def Handshake(
        self, request: language_pb2.LanguageHandshakeRequest, context: grpc.ServicerContext
    ) -> language_pb2.LanguageHandshakeResponse:
        return language_pb2.LanguageHandshakeResponse()

    def Run(
        self, request: language_pb2.RunRequest, context: grpc.ServicerContext
    ) -> language_pb2.RunResponse:
        program = Path(request.info.program_directory) / request.info.entry_point
        if program.is_dir():
            program /= "__main__.py"
        os.chdir(request.pwd)
        sys.path.insert(0, str(program.parent))
        self.program = partial(_run, program)
        answer: language_pb2.RunResponse = super().Run(request, context)  # type: ignore[no-untyped-call]  # the wheel's
        return answer

    def GetProgramDependencies(
        self, request: language_pb2.GetProgramDependenciesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetProgramDependenciesResponse:
        return language_pb2.GetProgramDependenciesResponse()

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        return empty_pb2.Empty()


def _run(program: Path) -> None:
    runpy.run_path(str(program), run_name="__main__")


def serve() -> None:
    """Be the plugin."""
    register = language_pb2_grpc.add_LanguageRuntimeServicer_to_server
    plugin.serve(partial(register, Host()), plugin.Operations())
