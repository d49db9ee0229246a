"""Nodes are described by their instances, and get addresses of their own."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from patchbay_local.kubernetes.cluster import records
from patchbay_local.kubernetes.cluster.records import add_record, load_records
from patchbay_local.kubernetes.cluster.spec import MAX_NODES, ClusterImages, NodeSpec
from patchbay_local.machine import paths
from pydantic import ValidationError

IMAGES = ClusterImages(pause="registry.example/pause@sha256:1", coredns="registry.example/coredns@sha256:2")


def node(number: int = 0, zone: str = "eu-central-1a", fields: Mapping[str, object] | None = None) -> NodeSpec:
    """The instances' ids differ by their number."""
    described = {"instance_id": f"i-{number:017x}", "zone": zone, "instance_type": "c7a.medium", "group": "flows"}
    return NodeSpec.model_validate({**described, **(fields or {})})


def test_a_node_is_named_as_its_instance_and_tied_to_it() -> None:
    made = node(7, "eu-central-1b")
    assert made.name == "i-00000000000000007"
    assert made.provider_id == "aws:///eu-central-1b/i-00000000000000007"
    assert made.all_labels["topology.kubernetes.io/region"] == "eu-central-1"
    assert made.all_labels["node.kubernetes.io/instance-type"] == "c7a.medium"


def test_a_nodes_own_labels_cannot_hide_its_zone() -> None:
    made = node(zone="eu-central-1b", fields={"labels": {"topology.kubernetes.io/zone": "elsewhere", "team": "x"}})
    assert made.all_labels["topology.kubernetes.io/zone"] == "eu-central-1b"
    assert made.all_labels["team"] == "x"


@pytest.mark.parametrize("fields", [{"instance_id": "../up"}, {"instance_id": "i-1"}, {"zone": "x"}])
def test_ids_that_are_no_instances_and_zones_that_are_none_are_refused(fields: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        node(fields=fields)


def test_images_come_from_the_lock_and_its_absence_says_what_to_do(tmp_path: Path) -> None:
    lock = tmp_path / "images.json"
    with pytest.raises(ValueError, match="build the images first"):
        ClusterImages.from_lock(lock)
    lock.write_text(json.dumps({"pause": IMAGES.pause}))
    with pytest.raises(ValueError, match="coredns"):
        ClusterImages.from_lock(lock)
    lock.write_text(json.dumps({"pause": IMAGES.pause, "coredns": IMAGES.coredns, "runtime": "r", "other": "x"}))
    assert ClusterImages.from_lock(lock) == IMAGES.model_copy(update={"preloaded": (IMAGES.pause, "r")})


def test_a_node_keeps_its_addresses_and_a_removed_ones_are_not_given_to_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "NODES", tmp_path / "nodes")
    first, second, third = (add_record(node(number)) for number in range(3))
    assert [str(record.address) for record in (first, second, third)] == ["10.89.0.20", "10.89.0.21", "10.89.0.22"]
    assert str(second.pods) == "10.90.21.0/24"
    (second.directory / "node.json").unlink()
    assert str(add_record(node(3)).address) == "10.89.0.23"
    assert add_record(third.spec) == third
    assert set(load_records()) == {node(number).name for number in (0, 2, 3)}


def test_addresses_are_given_again_when_all_were_given_and_none_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "NODES", tmp_path / "nodes")
    (tmp_path / "nodes").mkdir()
    (tmp_path / "nodes" / "last-index").write_text(str(MAX_NODES - 2))
    indexes = [add_record(node(number)).index for number in range(3)]
    assert indexes == [MAX_NODES - 1, 0, 1]
    monkeypatch.setattr(records, "MAX_NODES", 3)
    add_record(node(3))
    with pytest.raises(ValueError, match="at most 3"):
        add_record(node(4))
