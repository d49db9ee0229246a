"""Pods go to nodes of architectures that their images have; an environment where there are none is refused."""

import json
import runpy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from patchbay_config.errors import ConfigError
from patchbay_platform.architectures import placed
from patchbay_platform.host_cluster import HostCluster, NodeKind
from patchbay_platform.images import ImageLock
from patchbay_platform.placement import NodesConfig
from patchbay_runtime.catalog import CATALOG

from tests.unit.conftest import REPOSITORY, Manifest, Program, infra_config, record
from tests.unit.test_stack_config import with_value

GRAVITON = ["m7g.large", "m8g.large", "m6g.large", "m7gd.large"]
# As `docker buildx imagetools inspect --raw` tells of an index of both.
INDEX = "registry.example:5000/patchbay/{name}@sha256:" + "b" * 64
BOTH = ["amd64", "arm64"]


def lock(directory: Path, image_lock: Path, architectures: Mapping[str, Sequence[str]]) -> Path:
    """The lock, in which some images are an index of images for these architectures."""
    images = json.loads(image_lock.read_text())
    for name, told in architectures.items():
        images[name] = {"image": INDEX.format(name=name), "architectures": told}
    path = directory / "images.json"
    path.write_text(json.dumps(images))
    return path


def staging(images: Path, graviton: Sequence[str], keda: Sequence[Manifest]) -> Program:
    """The program's objects on the clusters. `graviton`: the groups that are of it."""
    config = infra_config("staging")
    for group in graviton:
        where = f"patchbay:infra.clusters.shared.{group}"
        config = with_value(config, f"{where}.instanceTypes", GRAVITON)
        config = with_value(config, f"{where}.architecture", "arm64")
    platform = yaml.safe_load((REPOSITORY / "Pulumi.staging.yaml").read_text())["config"]["patchbay:platform"]
    config["patchbay:platform"] = json.dumps({**platform, "imageLock": str(images)})
    return record(lambda: runpy.run_path(str(REPOSITORY / "__main__.py")), config, keda)


def architectures(program: Program) -> dict[str, Any]:
    """Where pods may go, by their owner's name."""
    return {
        owner.object_name: (pod["spec"].get("nodeSelector") or {}).get("kubernetes.io/arch")
        for owner, pod in program.pod_templates()
    }


def test_workers_whose_image_is_for_one_architecture_stay_on_its_nodes_of_a_mixed_pool(
    tmp_path: Path, image_lock: Path, keda_manifests: Sequence[Manifest]
) -> None:
    found = architectures(staging(lock(tmp_path, image_lock, {}), ["flows.spot"], keda_manifests))
    workers = {name: where for name, where in found.items() if name.startswith("shape-") or name == "headroom"}
    assert workers.keys() == {"headroom", *(f"shape-{shape}" for shape in CATALOG)}
    assert set(workers.values()) == {"amd64"}
    # The nodes of the platform's own pods are of one architecture.
    assert {where for name, where in found.items() if name not in workers} == {None}


def test_workers_whose_images_are_for_both_go_to_all_nodes_of_a_mixed_pool(
    tmp_path: Path, image_lock: Path, keda_manifests: Sequence[Manifest]
) -> None:
    images = lock(tmp_path, image_lock, {"runtime": BOTH, "pause": BOTH})
    program = staging(images, ["flows.spot"], keda_manifests)
    assert set(architectures(program).values()) == {None}
    used = {pod["spec"]["containers"][0]["image"] for owner, pod in program.pod_templates()}
    assert INDEX.format(name="runtime") in used


def test_a_pool_without_a_node_for_an_image_is_refused_before_anything_is_made(
    tmp_path: Path, image_lock: Path, keda_manifests: Sequence[Manifest]
) -> None:
    with pytest.raises(pulumi.RunError) as refused:
        staging(lock(tmp_path, image_lock, {"pause": BOTH}), ["flows.onDemand", "flows.spot"], keda_manifests)
    assert "patchbay:platform.imageLock: runtime is locked for amd64, and the nodes of" in str(refused.value)
    assert "patchbay:platform.nodes.workers are arm64; push it for arm64 too" in str(refused.value)
    assert "pause is locked" not in str(refused.value)


def host(*nodes: tuple[str, str]) -> HostCluster:
    """`nodes`: pool and architecture of each group."""
    return HostCluster("example", "eu-central-1", nodes=[NodeKind({"pool": pool}, arch) for pool, arch in nodes])


NODES = NodesConfig(platform={"pool": "system"}, workers={"pool": "flows"})


def test_each_image_that_is_missing_for_a_pool_is_named(tmp_path: Path, image_lock: Path) -> None:
    images = ImageLock.load(lock(tmp_path, image_lock, {"runtime": BOTH, "pause": BOTH, "keda": BOTH}), field="lock")
    with pytest.raises(ConfigError) as refused:
        placed(NODES, images, host(("system", "arm64"), ("flows", "arm64")))
    missing = {line.split(": ")[1].split()[0] for line in str(refused.value).splitlines()}
    assert missing == images.locked - {"runtime", "pause", "keda"}
    assert "patchbay:platform.nodes.platform are arm64" in str(refused.value)


def test_a_whole_environment_may_be_of_graviton_and_one_of_unknown_nodes_is_left_alone(
    tmp_path: Path, image_lock: Path
) -> None:
    every = {name: ["arm64"] for name in json.loads(image_lock.read_text())}
    images = ImageLock.load(lock(tmp_path, image_lock, every), field="lock")
    assert placed(NODES, images, host(("system", "arm64"), ("flows", "arm64"))) == NODES
    for unknown in (None, host(), host(("others", "amd64"))):
        assert placed(NODES, images, unknown) == NODES


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({"image": INDEX.format(name="keda"), "architectures": ["riscv64"]}, "'amd64' or 'arm64'"),
        ({"image": INDEX.format(name="keda"), "architectures": []}, "at least 1 item"),
        ({"image": INDEX.format(name="keda")}, "at least 1 item"),
        ({"image": "registry.example:5000/patchbay/keda:2", "architectures": BOTH}, "keda: String should match"),
        ({"architectures": BOTH}, "keda"),
    ],
)
def test_an_entry_that_tells_no_architecture_of_ours_is_refused(
    tmp_path: Path, image_lock: Path, entry: dict[str, Any], told: str
) -> None:
    path = tmp_path / "images.json"
    path.write_text(json.dumps(json.loads(image_lock.read_text()) | {"keda": entry}))
    with pytest.raises(ConfigError, match="does not lock every image by digest") as refused:
        ImageLock.load(path, field="patchbay:platform.imageLock")
    assert told in str(refused.value)
