"""The stack of the one-machine environment: its platform on the machine's cluster, its AWS on an emulator."""

from typing import Final

from patchbay_local.deploy.emulator import Emulator, client_environment
from patchbay_local.deploy.stack import pulumi
from patchbay_local.deploy.stack.backend import Backend
from patchbay_local.deploy.stack.stack import Stack
from patchbay_local.deploy.stack_config import StackConfig
from patchbay_local.machine import paths

LOCAL: Final = paths.CLUSTER_STACK


def emulator() -> Emulator:
    """Its AWS account."""
    return Emulator.of_stack(LOCAL, StackConfig.read(LOCAL).account)


def region() -> str:
    """Its AWS region."""
    return StackConfig.read(LOCAL).region


def aws_variables() -> dict[str, str]:
    """What points AWS clients at its account."""
    return client_environment(emulator(), region())


def variables() -> dict[str, str]:
    """What a shell needs so that `pulumi`, `kubectl` and AWS clients mean this environment."""
    return {**pulumi.variables(), **aws_variables()}


def local() -> Stack:
    """The engine's stack."""
    return Stack(LOCAL, Backend(paths.PULUMI_BACKEND), environment=aws_variables())
