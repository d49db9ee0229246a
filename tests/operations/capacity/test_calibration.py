"""A recorded run tells the plan's free times, and how far the simulation is from it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from patchbay_loadtests.nodes.timeline import Look, NodeTimeline, NodeTrack, Phase, PodTrack
from patchbay_loadtests.profiles.timeline import LoadSample, LoadTimeline
from patchbay_loadtests.proof.timeline import Timeline
from patchbay_operations.capacity.calibration.chart import calibration_png
from patchbay_operations.capacity.calibration.compare import Calibration, calibrated
from patchbay_operations.capacity.calibration.measured import read_report
from patchbay_operations.capacity.timing import Timing
from patchbay_operations.inputs import InputError

from tests.operations.capacity.environments import environment, group
from tests.operations.capacity.records import made_up

REAL = Timing(metric_delay_seconds=1.1, pod_start_seconds=2.6, node_start_seconds=20)
KNOWN = Timing(metric_delay_seconds=0.3, pod_start_seconds=9, node_start_seconds=33)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Calibration:
    on = environment(group(min_nodes=4))
    directory = tmp_path_factory.mktemp("proof")
    _report(directory, made_up(on, REAL).model_dump_json())
    return calibrated(read_report(directory), on, KNOWN)


def on_one_node(proof: Timeline, phase: Phase) -> NodeTimeline:
    """A node proof's record of one phase that needed no second node."""
    return NodeTimeline(
        shape=proof.shape,
        placeholders=0,
        start_nodes=("i-0",),
        phases=(phase,),
        samples=proof.samples,
        looks=tuple(Look(at=each.at, nodes=1, ready=1, wanted=1, pending=0, placeholders=0) for each in proof.samples),
        pods=(),
        nodes=(),
    )


def test_a_record_tells_the_times_that_it_was_made_with(found: Calibration) -> None:
    assert found.fitted == ("metric_delay_seconds", "pod_start_seconds")
    # A look every 0.3 s, and a scrape every 2 s at a time that is not known.
    assert found.timing.metric_delay_seconds == pytest.approx(REAL.metric_delay_seconds, abs=0.5)
    assert found.timing.pod_start_seconds == pytest.approx(REAL.pod_start_seconds, abs=0.2)
    assert found.hpa_sync_seconds == pytest.approx(5.04, abs=0.01)


def test_what_a_record_does_not_tell_stays_as_it_was_known(found: Calibration) -> None:
    assert found.timing.node_start_seconds == KNOWN.node_start_seconds


def test_the_error_is_stated_and_smaller_after_the_calibration(found: Calibration) -> None:
    assert found.after.ready_pods < found.before.ready_pods / 2
    assert found.after.steps is not None
    assert found.before.steps is not None
    assert found.after.steps < found.before.steps
    assert found.after.nodes is None


def test_each_step_has_its_measured_and_its_simulated_time(found: Calibration) -> None:
    assert {step.pods for step in found.steps} == {1, 2, 3, 6}
    assert len(found.steps) == 24
    late = [step.late for step in found.steps if step.late is not None]
    assert len(late) == 24
    assert sum(abs(each) < 1 for each in late) >= 18


def test_the_chart_is_a_picture(found: Calibration) -> None:
    assert calibration_png(found).startswith(b"\x89PNG")


def test_a_node_proofs_record_tells_the_nodes_start_and_draws_nodes(tmp_path: Path) -> None:
    on = environment(group(min_nodes=1, max_nodes=4), headroom=0)
    proof = made_up(on, REAL, rises=2)
    end = proof.samples[-1].at
    pod = PodTrack(
        name="pod", kind="worker", shape=proof.shape, created=10, triggered=11, scheduled=32, ready=35, node="i-1"
    )
    timeline = on_one_node(proof, Phase(name="warm", burst_pods=1, change=0, fall=end / 2, end=end)).model_copy(
        update={"pods": (pod,), "nodes": (NodeTrack(name="i-1", registered=29, ready=31.5),)}
    )
    _report(tmp_path, timeline.model_dump_json())
    found = calibrated(read_report(tmp_path), on, KNOWN)
    assert found.timing.node_start_seconds == 20.5
    assert found.timing.pod_start_seconds == 3
    assert found.after.nodes is not None
    assert found.measured.nodes == (1.0,) * len(proof.samples)


def test_a_load_that_waited_for_its_shape_to_be_let_grow_counts_from_when_the_metric_needed_it(tmp_path: Path) -> None:
    proof = made_up(environment(group(min_nodes=1, max_nodes=4), headroom=0), REAL, rises=1)
    rise = proof.steps[0]
    asked = rise.change + 8
    held = Phase(name="warm", burst_pods=1, change=rise.change, asked=asked, fall=rise.end, end=rise.end)
    timeline = on_one_node(proof, held)
    _report(tmp_path, timeline.model_dump_json())
    late = read_report(tmp_path)
    free = timeline.model_copy(update={"phases": (held.model_copy(update={"asked": None}),)})
    _report(tmp_path, free.model_dump_json())
    prompt = read_report(tmp_path)
    (came, shown), (prompt_came, prompt_shown) = (
        [read.at[np.argmax(line > before)] for line, before in ((read.processes, 0), (np.asarray(read.shown), 1))]
        for read in (late, prompt)
    )
    assert shown == pytest.approx(asked - proof.samples[0].at, abs=1)
    assert shown - came == pytest.approx(prompt_shown - prompt_came, abs=1)


def test_other_pods_that_take_all_room_are_there_in_the_simulation_too(tmp_path: Path) -> None:
    on = environment(group(min_nodes=1, max_nodes=4))
    proof = made_up(on, REAL, rises=1)
    end = proof.samples[-1].at
    rise = proof.steps[0]
    phases = {
        name: Phase(name=name, burst_pods=1, change=rise.change, fall=rise.end, end=end)
        for name in ("warm", "beyond-headroom")
    }
    nodes = {}
    for name, phase in phases.items():
        _report(tmp_path, on_one_node(proof, phase).model_dump_json())
        simulated = calibrated(read_report(tmp_path), on, replace_node_start(KNOWN, 5)).simulated
        assert simulated.nodes is not None
        nodes[name] = max(simulated.nodes)
    assert nodes == {"warm": 1, "beyond-headroom": 2}


def test_a_loads_record_gives_pods_and_nodes(tmp_path: Path) -> None:
    samples = [
        LoadSample(
            at=second,
            offered=1,
            waiting=0,
            reserved=processes,
            oldest_wait=0,
            steered_processes=processes,
            steered_ready=processes // 8 + 1,
            slots=8,
            desired=processes // 8 + 5,
            ready=processes // 8 + 5,
            nodes=1,
            nodes_ready=1,
            pending=0,
            refused=0,
        )
        for second, processes in enumerate([0] * 20 + [20] * 60)
    ]
    timeline = LoadTimeline(profile="steady", began=0, ended=80, orders=1, samples=tuple(samples), waits=(), leaving=())
    _report(tmp_path, timeline.model_dump_json())
    found = calibrated(read_report(tmp_path), environment(), KNOWN)
    assert found.fitted == ()
    assert found.measured.desired[-1] == found.simulated.desired[-1] == 3
    assert found.after.nodes == 0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, r"timeline\.json: No such file.*name the directory of a finished report"),
        ("[", r"timeline\.json: not JSON; name another report"),
        ("{}", r"timeline\.json: of no load test; name the directory of a report with samples"),
        (
            '{"steps": [], "shape": "map", "samples": [], "pods": []}',
            r"timeline\.json: samples: no look was recorded; name another report",
        ),
        ('{"steps": []}', r"timeline\.json: shape: not as this version writes it; run the load test anew"),
    ],
)
def test_what_is_no_report_is_refused_with_the_remedy(tmp_path: Path, text: str | None, told: str) -> None:
    if text is not None:
        _report(tmp_path, text)
    with pytest.raises(InputError, match=told):
        read_report(tmp_path)


def test_the_runs_own_scrape_period_is_taken(tmp_path: Path) -> None:
    on = environment(group(min_nodes=4))
    (tmp_path / "timeline.json").write_text(made_up(on, REAL, rises=2).model_dump_json())
    (tmp_path / "result.json").write_text(json.dumps({"config": {"scrape_seconds": 2}}))
    slow = replace(on, path=replace(on.path, scrape=30))
    found = calibrated(read_report(tmp_path), slow, REAL)
    assert found.after.ready_pods < 0.5


def replace_node_start(timing: Timing, seconds: float) -> Timing:
    return timing.model_copy(update={"node_start_seconds": seconds})


def _report(directory: Path, timeline: str) -> None:
    (directory / "timeline.json").write_text(timeline)
    (directory / "result.json").write_text("{}")
