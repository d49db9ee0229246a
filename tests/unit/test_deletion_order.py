"""What `pulumi destroy` takes away before what: the reverse of what the program's resources depend on."""

import json
import runpy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from pulumi.runtime.mocks import MockMonitor

from .conftest import REPOSITORY, Manifest, RecordingEngine, infra_config, run

STACKS = ("local", "dev", "staging", "production")


@dataclass(frozen=True)
class Registered:
    """A resource, and the URNs of what the engine deletes after it. `custom`: none of the program's own components."""

    urn: str
    type: str
    custom: bool
    inputs: Mapping[str, Any]
    later: frozenset[str]

    @property
    def name(self) -> str:
        return self.urn.rpartition("::")[2]

    @property
    def object(self) -> tuple[str, str]:
        """Kind and name in Kubernetes."""
        return self.type.rpartition(":")[2], self.inputs.get("metadata", {}).get("name", "")


class Graph(MockMonitor):
    """The program's resources, as the engine orders their deletion: by dependencies, parents and providers."""

    def __init__(self, keda: Sequence[Manifest]) -> None:
        super().__init__(RecordingEngine(keda))
        self.registered: dict[str, Registered] = {}

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 (the name of the engine's call)
        # The SDK leaves the mocks without types.
        answer = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        # A provider is named by its URN and its id.
        provider = request.provider.rpartition("::")[0]
        self.registered[answer.urn] = Registered(
            answer.urn,
            request.type,
            request.custom,
            pulumi.runtime.rpc.deserialize_properties(request.object),
            frozenset({*request.dependencies, request.parent, provider} - {""}),
        )
        return answer

    def of(self, *types: str) -> list[Registered]:
        return [one for one in self.registered.values() if one.type.endswith(types)]

    def objects(self) -> list[Registered]:
        """What is in a cluster."""
        return [one for one in self.registered.values() if one.type.startswith("kubernetes:") and one.custom]

    def outlives(self, one: Registered) -> set[str]:
        """The URNs of all that is deleted only when `one` is gone."""
        found: set[str] = set()
        ahead = list(one.later)
        while ahead:
            urn = ahead.pop()
            if urn not in found and urn in self.registered:
                found.add(urn)
                ahead.extend(self.registered[urn].later)
        return found


def config(stack: str, image_lock: Path, directory: Path) -> dict[str, str]:
    """The stack's own; the files of a machine are the tests'."""
    platform = yaml.safe_load((REPOSITORY / f"Pulumi.{stack}.yaml").read_text())["config"]["patchbay:platform"]
    platform["imageLock"] = str(image_lock)
    if "cluster" in platform:
        kubeconfig = directory / "kubeconfig"
        kubeconfig.write_text("apiVersion: v1\nkind: Config\n")
        platform["cluster"]["kubeconfig"] = str(kubeconfig)
    return {**infra_config(stack), "patchbay:platform": json.dumps(platform)}


@pytest.fixture(scope="module", params=STACKS)
def graph(
    request: pytest.FixtureRequest,
    image_lock: Path,
    tmp_path_factory: pytest.TempPathFactory,
    keda_manifests: Sequence[Manifest],
) -> Graph:
    stack: str = request.param
    made = Graph(keda_manifests)
    settings = config(stack, image_lock, tmp_path_factory.mktemp(stack))
    run(lambda: runpy.run_path(str(REPOSITORY / "__main__.py")), settings, made, stack=stack)
    return made


def cluster_of(provider: Registered, graph: Graph) -> str:
    """The cluster's key in the config, of the provider of a platform's objects."""
    if provider.name == "platform-cluster":
        (only,) = graph.of("eks/cluster:Cluster")
        return only.name
    return provider.name.removeprefix("platform-").removesuffix("-cluster")


# By the end of its type: what a cluster's objects live by.
BENEATH = (
    "eks/nodeGroup:NodeGroup",
    "eks/accessEntry:AccessEntry",
    "eks/accessPolicyAssociation:AccessPolicyAssociation",
    "eks/addon:Addon",
    "eks/podIdentityAssociation:PodIdentityAssociation",
    "eks/cluster:Cluster",
)
# Of the nodes' network and the way in, which all clusters share.
SHARED = (
    "ec2/networkAclRule:NetworkAclRule",
    "ec2/route:Route",
    "ec2/natGateway:NatGateway",
    "ec2clientvpn/route:Route",
)


def test_all_objects_go_before_the_nodes_and_the_access_of_their_cluster(graph: Graph) -> None:
    providers = graph.of("pulumi:providers:kubernetes")
    clusters = graph.of("eks/cluster:Cluster")
    assert len(providers) == len(clusters) > 0
    for one in graph.objects():
        outlived_by = graph.outlives(one)
        (provider,) = (item for item in providers if item.urn in outlived_by)
        key = cluster_of(provider, graph)
        beneath = [item for item in graph.of(*BENEATH) if item.name.split("-")[0] == key]
        assert {item.type for item in beneath} == {item.type for item in graph.of(*BENEATH)}
        shared = [item for item in graph.of(*SHARED) if item.name.startswith(("network-", "vpn-"))]
        missing = {item.urn for item in (*beneath, *shared)} - outlived_by
        assert not missing, f"{one.urn} may still be there when these go: {sorted(missing)}"


def test_what_keda_scales_goes_before_all_of_keda_and_its_network_policies(
    graph: Graph, keda_manifests: Sequence[Manifest]
) -> None:
    policies = {("NetworkPolicy", "deny-all"), ("NetworkPolicy", "keda-operator")}
    keda = {(manifest["kind"], manifest["metadata"]["name"]) for manifest in keda_manifests} | policies
    scaled = [one for one in graph.objects() if one.type.endswith(":ScaledObject")]
    assert scaled
    for one in scaled:
        held = {graph.registered[urn].object for urn in graph.outlives(one)}
        assert not keda - held, f"{one.urn} may still be there when these go: {sorted(keda - held)}"
