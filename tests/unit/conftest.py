"""The program under the engine's mocks: what it would create from the local stack's config."""

import asyncio
import json
import runpy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from pulumi.runtime.mocks import MockMonitor

from tests import pinned_tools
from tests.image_lock import write_image_lock

REPOSITORY = Path(__file__).resolve().parents[2]

Manifest = Mapping[str, Any]


@dataclass(frozen=True)
class Created:
    """One resource that the program registers; `inputs` spelled as in Kubernetes."""

    type: str
    name: str
    inputs: Manifest

    @property
    def kind(self) -> str:
        return self.type.rsplit(":", 1)[1]

    @property
    def object_name(self) -> str:
        """What it is called; a Job, whose name Pulumi makes, by its label."""
        metadata = self.inputs["metadata"]
        name: str = metadata["name"] if "name" in metadata else metadata["labels"]["app.kubernetes.io/name"]
        return name

    @property
    def manifest(self) -> Manifest:
        """The object with a name."""
        return {**self.inputs, "metadata": {**self.inputs["metadata"], "name": self.object_name}}

    @property
    def namespace(self) -> str | None:
        namespace: str | None = self.inputs["metadata"].get("namespace")
        return namespace


@dataclass(frozen=True)
class Program:
    """All that the program registers but AWS, which `infra/` is for."""

    resources: Sequence[Created]

    def of(self, kind: str) -> list[Created]:
        return [resource for resource in self.resources if resource.kind == kind]

    def one(self, kind: str, object_name: str, namespace: str | None = None) -> Created:
        found = [
            resource
            for resource in self.of(kind)
            if resource.object_name == object_name and namespace in {None, resource.namespace}
        ]
        assert len(found) == 1, f"{kind} {object_name}: {len(found)} instead of 1"
        return found[0]

    def pod_templates(self) -> list[tuple[Created, Manifest]]:
        return [
            (resource, resource.inputs["spec"]["template"])
            for kind in ("Deployment", "StatefulSet", "Job")
            for resource in self.of(kind)
        ]


# What AWS decides and the program goes on with.
AWS_OUTPUTS: Mapping[str, Mapping[str, Any]] = {
    "aws:acm/certificate:Certificate": {
        "domainValidationOptions": [
            {
                "resourceRecordName": "_a.example.com",
                "resourceRecordType": "CNAME",
                "resourceRecordValue": "_b.example.com",
            }
        ]
    },
    "aws:eks/cluster:Cluster": {"certificateAuthority": {"data": "authority"}, "endpoint": "https://eks.example"},
    "aws:eks/nodeGroup:NodeGroup": {"resources": [{"autoscalingGroups": [{"name": "group"}]}]},
    "aws:elasticache/replicationGroup:ReplicationGroup": {
        "memberClusters": ["cache-1", "cache-2", "cache-3"],
        "primaryEndpointAddress": "cache.example",
    },
    "aws:rds/instance:Instance": {
        "address": "database.example",
        "port": 3306,
        "resourceId": "db-1",
    },
    "aws:route53/zone:Zone": {"zoneId": "Z1", "nameServers": ["ns.example"]},
}


class RecordingEngine(pulumi.runtime.Mocks):
    """Records what is registered on clusters, and answers the kustomize call as KEDA's own files do."""

    def __init__(self, keda: Sequence[Manifest]) -> None:
        self.created: list[Created] = []
        self._keda = keda

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        if args.typ.startswith("aws:"):
            arn = f"arn:aws:mock:eu-central-1:111122223333:{args.name}"
            return f"{args.name}-id", {"arn": arn, **args.inputs, **AWS_OUTPUTS.get(args.typ, {})}
        self.created.append(Created(args.typ, args.name, args.inputs))
        return f"{args.name}-id", args.inputs

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        # An account without clusters: node groups' sizes are asked of EKS, and nothing else is.
        if args.token == "aws:eks/getClusters:getClusters":
            return {"names": []}, []
        assert args.token == "kubernetes:kustomize:directory", args.token
        return {"result": json.loads(json.dumps(self._keda))}, []


@pytest.fixture(scope="session")
def keda_manifests() -> Sequence[Manifest]:
    return pinned_tools.keda_manifests()


@pytest.fixture(scope="session")
def image_lock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_image_lock(tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="session")
def local_config(tmp_path_factory: pytest.TempPathFactory, image_lock: Path) -> dict[str, str]:
    """The platform's part of the local stack's config as the engine hands it over.

    Files of this test run stand in place of the machine's.
    """
    kubeconfig = tmp_path_factory.mktemp("cluster") / "kubeconfig"
    kubeconfig.write_text("apiVersion: v1\nkind: Config\n")
    platform = yaml.safe_load((REPOSITORY / "Pulumi.local.yaml").read_text())["config"]["patchbay:platform"]
    platform["cluster"]["kubeconfig"], platform["imageLock"] = str(kubeconfig), str(image_lock)
    return {"patchbay:platform": json.dumps(platform)}


def record(program: Callable[[], object], config: dict[str, str], keda_manifests: Sequence[Manifest]) -> Program:
    """What `program` registers, run by the engine's mocks."""
    engine = RecordingEngine(keda_manifests)
    run(program, config, MockMonitor(engine))
    return Program(engine.created)


def run(program: Callable[[], object], config: dict[str, str], monitor: MockMonitor, *, stack: str = "local") -> None:
    """Run `program` with the engine's mocks."""
    # Asynchronous tests that ran before leave the thread without the event loop that the SDK asks for.
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    pulumi.runtime.set_mocks(monitor.mocks, project="patchbay", stack=stack, preview=False, monitor=monitor)
    pulumi.runtime.set_all_config(config)
    try:
        # The SDK leaves `test` without types.
        pulumi.runtime.test(lambda: program() and None)()  # type: ignore[no-untyped-call]
    finally:
        pulumi.runtime.set_all_config({})
        loop.close()


def infra_config(stack: str) -> dict[str, str]:
    """A stack's own config of its AWS."""
    content = yaml.safe_load((REPOSITORY / f"Pulumi.{stack}.yaml").read_text())["config"]
    return {"patchbay:infra": json.dumps(content["patchbay:infra"])}


@pytest.fixture(scope="session")
def program(local_config: dict[str, str], keda_manifests: Sequence[Manifest]) -> Program:
    config = {**infra_config("local"), **local_config}
    return record(lambda: runpy.run_path(str(REPOSITORY / "__main__.py")), config, keda_manifests)
