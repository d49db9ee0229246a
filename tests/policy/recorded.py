"""The program under the engine's mocks, as the policies would be shown it."""

import asyncio
import json
import runpy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pulumi
import yaml
from patchbay_policies.model import UNKNOWN, Resource
from pulumi.output import Unknown
from pulumi.runtime.mocks import MockMonitor

from tests.image_lock import write_image_lock
from tests.pinned_tools import keda_manifests

REPOSITORY = Path(__file__).resolve().parents[2]
# Without the account, which is the stack's own.
ARN = "arn:aws:mock:eu-central-1:"


class _Mocks(pulumi.runtime.Mocks):
    def __init__(self, account: str) -> None:
        super().__init__()
        self._account = account

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        return f"{args.name}-id", {"arn": self._arn(args), **args.inputs}

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        # An account without clusters: node groups' sizes are asked of EKS, and nothing else is.
        if args.token == "aws:eks/getClusters:getClusters":
            return {"names": []}, []
        assert args.token == "kubernetes:kustomize:directory", args.token
        return {"result": keda_manifests()}, []

    def _arn(self, args: pulumi.runtime.MockResourceArgs) -> str:
        # Conditions of a role's trust begin with the issuer that this one names.
        if args.typ == "aws:iam/openIdConnectProvider:OpenIdConnectProvider":
            return f"arn:aws:iam::{self._account}:oidc-provider/{str(args.inputs['url']).removeprefix('https://')}"
        return f"{ARN}{self._account}:{args.name}"


class _Monitor(MockMonitor):
    """Keeps, with each resource, what only the engine is told."""

    def __init__(self, account: str) -> None:
        super().__init__(_Mocks(account))
        self.seen: list[Resource] = []

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 (the name of the engine's call)
        references = {name: list(urns.urns) for name, urns in request.propertyDependencies.items()}
        urn = self.make_urn(request.parent, request.type, request.name)
        props = _known(pulumi.runtime.rpc.deserialize_properties(request.object, keep_unknowns=True))
        self.seen.append(Resource(request.type, request.name, props, urn, bool(request.protect), references))
        # The SDK leaves the mocks without types.
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]


def _known(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _known(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_known(inner) for inner in value]
    return UNKNOWN if isinstance(value, Unknown) or value == pulumi.runtime.rpc.UNKNOWN else value


def stack_config(stack: str, directory: Path) -> dict[str, Any]:
    """The config of a stack, with files of this test run in place of the machine's."""
    config: dict[str, Any] = yaml.safe_load((REPOSITORY / f"Pulumi.{stack}.yaml").read_text())["config"]
    lock, kubeconfig = write_image_lock(directory), directory / "kubeconfig"
    kubeconfig.write_text("apiVersion: v1\nkind: Config\n")
    if platform := config.get("patchbay:platform"):
        platform["imageLock"] = str(lock)
        if platform.get("cluster"):
            platform["cluster"]["kubeconfig"] = str(kubeconfig)
    return config


@cache
def recorded(stack: str) -> tuple[Mapping[str, Any], Sequence[Resource]]:
    """A stack's config, and what its program registers; made once in a process."""
    with TemporaryDirectory() as directory:
        config = stack_config(stack, Path(directory))
        return config, record(config)


def record(config: dict[str, Any]) -> list[Resource]:
    """What the program registers with a config; files that the config names must be there."""
    monitor = _Monitor(config["patchbay:infra"]["aws"]["accountId"])
    with _own_loop():
        pulumi.runtime.set_mocks(monitor.mocks, project="patchbay", stack="test", preview=True, monitor=monitor)
        pulumi.runtime.set_all_config({key: _text(value) for key, value in config.items()})
        try:
            # The SDK leaves `test` without types.
            pulumi.runtime.test(lambda: runpy.run_path(str(REPOSITORY / "__main__.py")) and None)()  # type: ignore[no-untyped-call]
        finally:
            pulumi.runtime.set_all_config({})
    return monitor.seen


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


@contextmanager
def _own_loop() -> Iterator[None]:
    # Asynchronous tests that ran before leave the thread without the event loop that the SDK asks for.
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        loop.close()
