"""A cluster's description is complete by default and refuses what cannot be."""

import json
from pathlib import Path

import pytest
from patchbay_local import paths
from patchbay_local.cluster.records import load_records, save_records
from patchbay_local.cluster.spec import ClusterImages, ClusterSpec, NodeSpec, default_nodes
from pydantic import ValidationError

IMAGES = ClusterImages(pause="registry.example/pause@sha256:1", coredns="registry.example/coredns@sha256:2")


def test_three_nodes_in_three_zones_by_default() -> None:
    nodes = ClusterSpec(images=IMAGES).nodes
    assert [node.zone for node in nodes] == ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
    assert len({node.provider_id for node in nodes}) == 3
    assert nodes[0].provider_id.startswith("aws:///eu-central-1a/i-")
    assert nodes[0].all_labels["topology.kubernetes.io/region"] == "eu-central-1"


def test_a_nodes_own_labels_cannot_hide_its_zone() -> None:
    node = NodeSpec(name="a", zone="eu-central-1b", labels={"topology.kubernetes.io/zone": "elsewhere", "team": "x"})
    assert node.all_labels["topology.kubernetes.io/zone"] == "eu-central-1b"
    assert node.all_labels["team"] == "x"


def test_two_nodes_of_one_name_are_refused_naming_it() -> None:
    with pytest.raises(ValidationError, match="name node-1 given more than once"):
        ClusterSpec(images=IMAGES, nodes=default_nodes(1) + default_nodes(1))


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "Upper", "zone": "eu-central-1a"},
        {"name": "../up", "zone": "eu-central-1a"},
        {"name": "a", "zone": "x"},
    ],
)
def test_names_that_are_no_directory_or_zone_are_refused(fields: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        NodeSpec.model_validate(fields)


def test_images_come_from_the_lock_and_its_absence_says_what_to_do(tmp_path: Path) -> None:
    lock = tmp_path / "images.json"
    with pytest.raises(ValueError, match="build the images first"):
        ClusterImages.from_lock(lock)
    lock.write_text(json.dumps({"pause": IMAGES.pause}))
    with pytest.raises(ValueError, match="coredns"):
        ClusterImages.from_lock(lock)
    lock.write_text(json.dumps({"pause": IMAGES.pause, "coredns": IMAGES.coredns, "other": "x"}))
    assert ClusterImages.from_lock(lock) == IMAGES


def test_a_node_keeps_its_addresses_and_a_removed_ones_are_given_to_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "NODES", tmp_path / "nodes")
    monkeypatch.setattr(paths, "RUN", tmp_path / "run")
    first, second, third = save_records(default_nodes(3))
    assert [str(record.address) for record in (first, second, third)] == ["10.89.0.20", "10.89.0.21", "10.89.0.22"]
    assert str(second.pods) == "10.90.21.0/24"
    (second.directory / "node.json").unlink()
    (extra,) = save_records([NodeSpec(name="extra", zone="eu-central-1a")])
    assert extra.address == second.address
    assert save_records([third.spec]) == [third]
    assert set(load_records()) == {"node-1", "node-3", "extra"}
