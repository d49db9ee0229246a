"""What a plan is made from: refused with the field and the remedy, and like what the platform is made from."""

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import moto
import pytest
import yaml
from patchbay_operations.capacity.machines import load_machines
from patchbay_operations.capacity.profile import load_profile
from patchbay_operations.capacity.service_time import Seconds, ticked
from patchbay_operations.capacity.stack_file import SCRAPE_SECONDS, load_environment
from patchbay_operations.capacity.timing import load_timing
from patchbay_operations.inputs import InputError
from patchbay_platform.cluster_autoscaler.config import ClusterAutoscalerConfig
from patchbay_platform.headroom import HeadroomConfig
from patchbay_platform.shapes import ScalingConfig

REPOSITORY = Path(__file__).resolve().parents[3]
STACKS = sorted(REPOSITORY.glob("Pulumi.*.yaml"))
LOAD: dict[str, Any] = {"perMinute": {"curve": "steady", "base": 10}, "seconds": {"mean": 1, "p95": 2}}


def _written(path: Path, document: Any) -> Path:
    path.write_text(yaml.safe_dump(document))
    return path


def _profile(tmp_path: Path, shape: str = "map", **changes: Any) -> Path:
    return _written(tmp_path / "profile.yaml", {"name": "example", "shapes": {shape: {**LOAD, **changes}}})


def _stack(tmp_path: Path, **infra: Any) -> Path:
    text = yaml.safe_load((REPOSITORY / "Pulumi.staging.yaml").read_text())
    text["config"]["patchbay:infra"].update(infra)
    return _written(tmp_path / "Pulumi.example.yaml", text)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"seconds": {"mean": 2, "p95": 1}}, r"seconds: p95 lies below the mean; set p95 .* or higher"),
        ({"seconds": {"mean": 1, "p95": 9}}, r"seconds: p95 is more than 3\.87 times the mean.*; raise the mean"),
        ({"seconds": {"mean": 1}}, r"seconds\.p95: missing; add it"),
        ({"seconds": {"mean": 61, "p95": 70}}, r"shapes\.map\.seconds\.mean: above .* \(60 s\); lower it"),
        ({"perMinutes": {}}, r"perMinutes: unknown key; correct its spelling"),
        (
            {"perMinute": {"points": [{"hour": 2, "perMinute": 1}, {"hour": 1, "perMinute": 1}]}},
            r"hour 1 stands after 2; put the points in order",
        ),
        ({"perMinute": {"points": [{"hour": 30, "perMinute": 1}]}}, r"perMinute\.points: .*; raise hours or remove it"),
        ({"pods": {"cpuRequest": "much"}}, r"pods\.cpuRequest: 'much' is no quantity; write it like 50m"),
    ],
)
def test_a_profile_is_refused_with_the_field_and_the_remedy(tmp_path: Path, changes: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        load_profile(_profile(tmp_path, **changes))


def test_a_shape_that_is_in_no_catalogue_must_say_what_its_pods_take(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"shapes\.mapp: not in the catalogue .*cpuRequest, maxPods, memoryRequest"):
        load_profile(_profile(tmp_path, "mapp"))
    pods = {"cpuRequest": "200m", "memoryRequest": "256Mi", "maxPods": 30}
    (setting,) = load_profile(_profile(tmp_path, "to-come", pods=pods)).settings()
    assert (setting.max_pods, setting.request.cpu, setting.request.memory) == (30, 200, 256)


def test_a_file_that_is_not_there_or_no_yaml_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.yaml: No such file.*name a file"):
        load_profile(tmp_path / "none.yaml")
    (tmp_path / "broken.yaml").write_text("a: [1\nb: 2")
    with pytest.raises(InputError, match=r"broken\.yaml, line 2: not YAML"):
        load_profile(tmp_path / "broken.yaml")


@pytest.mark.parametrize("path", STACKS, ids=lambda path: path.stem)
def test_every_stacks_file_can_be_planned_for(path: Path) -> None:
    clusters = yaml.safe_load(path.read_text())["config"]["patchbay:infra"]["clusters"]
    for name, cluster in clusters.items():
        found = load_environment(path, load_machines(None), cluster=name)
        flows = cluster["flows"]
        zones = 3 if flows.get("zonal") else 1
        assert sum(group.max_nodes for group in found.groups) == zones * (
            flows["onDemand"]["maxSize"] + flows.get("spot", {}).get("maxSize", 0)
        )
        assert not found.remarks or path.stem == "Pulumi.dev"


def test_an_environment_is_refused_with_the_field_and_the_remedy(tmp_path: Path) -> None:
    machines = load_machines(None)
    with pytest.raises(InputError, match=r"several clusters \(shared, dedicated\); choose one with --cluster"):
        load_environment(REPOSITORY / "Pulumi.production.yaml", machines)
    with pytest.raises(InputError, match=r"has no other; --cluster may be shared"):
        load_environment(REPOSITORY / "Pulumi.staging.yaml", machines, cluster="other")
    with pytest.raises(InputError, match=r"config\.patchbay:infra: missing; name a stack's file"):
        load_environment(_written(tmp_path / "other.yaml", {"name": "example"}), machines)
    with pytest.raises(InputError, match=r"no price of m7i\.large in eu-west-9; add it to perHour\.eu-west-9"):
        load_environment(_stack(tmp_path, aws={"region": "eu-west-9", "accountId": "111122223333"}), machines)


def test_a_calibration_file_is_refused_with_the_field(tmp_path: Path) -> None:
    broken = _written(
        tmp_path / "calibration.yaml", {"measuredIn": "x", "fitted": [], "errorPods": 0, "timing": {"podStart": 1}}
    )
    with pytest.raises(InputError, match=r"timing\.podStart: unknown key"):
        load_timing(broken)


def test_what_a_stacks_file_leaves_out_is_as_the_platform_has_it(tmp_path: Path) -> None:
    text = yaml.safe_load(_stack(tmp_path).read_text())
    platform = text["config"]["patchbay:platform"]
    del platform["scaling"]
    platform["clusterAutoscaler"] = {}
    platform["headroom"] = {"pods": 3}
    found = load_environment(_written(tmp_path / "Pulumi.example.yaml", text), load_machines(None))
    autoscaler, headroom = ClusterAutoscalerConfig(), HeadroomConfig(pods=3)
    assert found.path.scale_down == ScalingConfig().scale_down_seconds
    assert found.nodes.scan == autoscaler.scan_interval
    assert found.nodes.unneeded == autoscaler.scale_down.unneeded
    assert found.nodes.delay_after_add == autoscaler.scale_down.after_add
    assert found.nodes.utilization_threshold == autoscaler.scale_down.utilization_threshold
    assert found.nodes.expanders == autoscaler.scale_up.expanders
    assert {group.priority for group in found.groups} == {None}
    assert found.nodes.most_drained == autoscaler.scale_down.max_drained_at_once
    assert found.nodes.most_removed == autoscaler.scale_down.max_deleted_at_once
    assert (f"{found.headroom.request.cpu}m", f"{found.headroom.request.memory}Mi") == (headroom.cpu, headroom.memory)


def test_spot_nodes_go_before_on_demand_ones_where_the_stack_says_so() -> None:
    found = load_environment(REPOSITORY / "Pulumi.staging.yaml", load_machines(None))
    assert {group.capacity: group.priority for group in found.groups} == {"spot": 20, "on-demand": 10}


def test_a_stack_that_leaves_spot_or_on_demand_to_chance_is_told(tmp_path: Path) -> None:
    text = yaml.safe_load(_stack(tmp_path).read_text())
    del text["config"]["patchbay:platform"]["clusterAutoscaler"]["scaleUp"]
    found = load_environment(_written(tmp_path / "Pulumi.example.yaml", text), load_machines(None))
    (remark,) = found.remarks
    assert "chance decides between spot and on-demand nodes" in remark


def test_the_scrape_period_is_the_exporters() -> None:
    prometheus = yaml.safe_load(
        (REPOSITORY / "platform/patchbay_platform/prometheus/native/prometheus.yml").read_text()
    )
    periods = {job["job_name"]: job.get("scrape_interval") for job in prometheus["scrape_configs"]}
    assert f"{SCRAPE_SECONDS:g}s" in periods.values()


def test_sizes_are_those_of_the_instance_types() -> None:
    with gzip.open(Path(moto.__file__).parent / "ec2/resources/instance_types.json.gz") as resource:
        known = json.load(resource)
    for name, size in load_machines(None).sizes.types.items():
        facts = known[name]
        interfaces = facts["NetworkInfo"]
        assert size.vcpu == facts["VCpuInfo"]["DefaultVCpus"], name
        assert size.memory_gib * 1024 == facts["MemoryInfo"]["SizeInMiB"], name
        # Each interface keeps its first address to itself; two pods of every node use the node's own.
        places = interfaces["MaximumNetworkInterfaces"] * (interfaces["Ipv4AddressesPerInterface"] - 1) + 2
        assert size.max_pods == places, name


def test_every_instance_type_of_the_stacks_has_a_size_and_a_price() -> None:
    machines = load_machines(None)
    names = {name for path in STACKS for name in _instance_types(yaml.safe_load(path.read_text()))}
    assert names <= set(machines.sizes.types)
    assert names <= set(machines.prices.per_hour["eu-central-1"])


def test_a_node_keeps_something_for_itself_except_where_it_is_emulated() -> None:
    machines = load_machines(None)
    assert machines.allocatable("m7i.xlarge", emulated=True)[:2] == (4000, 16384)
    cpu, memory, pods = machines.allocatable("m7i.xlarge", emulated=False)
    # 80m, 255 + 58 x 11 + 100 MiB, and what runs on every node; 58 addresses, but 110 pods with prefixes of them.
    assert (cpu, memory, pods) == (4000 - 80 - 250, 16384 - 255 - 638 - 100 - 300, 110 - 6)
    assert machines.allocatable("m7i.xlarge", emulated=False, max_pods=40).pods == 40 - 6


def test_the_agent_of_the_threat_detection_takes_its_part_of_each_node() -> None:
    """What it asks for at least: GuardDuty's guide, "Configure GuardDuty security agent (add-on) parameters"."""
    machines = load_machines(None)
    without, watched = (machines.allocatable("m7i.large", emulated=False, watched=watched) for watched in (False, True))
    assert tuple(before - after for before, after in zip(without, watched, strict=True)) == (200, 256, 1)
    assert machines.allocatable("m7i.large", emulated=True, watched=True) == machines.allocatable(
        "m7i.large", emulated=True
    )


@pytest.mark.parametrize("tick", [0.1, 1.0])
@pytest.mark.parametrize(("mean", "p95"), [(0.02, 0.04), (0.5, 1.5), (3, 3), (12, 40)])
def test_ticks_keep_the_mean_of_a_process_however_short(mean: float, p95: float, tick: float) -> None:
    service = ticked(Seconds(mean=mean, p95=p95), tick)
    assert service.stays * service.ticks.mean() * tick == pytest.approx(mean, rel=0.05)


def test_the_parts_of_a_distribution_have_its_mean_and_its_95th_percentile() -> None:
    parts = Seconds(mean=2, p95=5).parts(1000)
    assert parts.mean() == pytest.approx(2)
    assert sorted(parts)[949] == pytest.approx(5, rel=0.02)


def _instance_types(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, below in value.items():
            if key == "instanceTypes":
                yield from below
            else:
                yield from _instance_types(below)


def test_no_price_is_without_its_source_and_date() -> None:
    prices = load_machines(None).prices
    assert prices.source
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", str(prices.date))
