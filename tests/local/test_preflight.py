"""A machine that cannot carry the environment is told so at the start, with the remedy."""

from dataclasses import replace
from pathlib import Path

import pytest
from patchbay_local.machine.preflight import Facts, Listener, PreflightError, check, judge, measure

GOOD = Facts(
    user_id=0,
    system="Linux",
    has_apt=True,
    distribution="Debian GNU/Linux 12",
    cores=2,
    memory_gib=8.0,
    disk_gib={Path("/var/cache/patchbay"): 40.0},
    tools_built=False,
    already_up=False,
)


def test_a_fitting_machine_has_no_findings() -> None:
    assert judge(GOOD) == []


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        (replace(GOOD, user_id=1000), ["user id 1000", "root", "sudo"]),
        (replace(GOOD, system="Darwin"), ["Darwin", "Linux"]),
        (replace(GOOD, has_apt=False, distribution="Fedora 40"), ["Fedora 40", "Debian"]),
        (replace(GOOD, memory_gib=3.2), ["3.2 GiB", "6 GiB"]),
        (replace(GOOD, disk_gib={Path("/var"): 9.0}), ["/var", "9.0 GiB", "15 GiB"]),
        (replace(GOOD, missing_kernel_features=("veth pairs",)), ["veth pairs", "modprobe"]),
        (replace(GOOD, cgroup_problem="no controller pids"), ["no controller pids"]),
        (replace(GOOD, listeners=(Listener(8080, "nginx", 42),)), ["8080", "nginx", "42", "the edge"]),
    ],
)
def test_each_obstacle_is_named_with_what_was_measured_and_what_is_needed(facts: Facts, told: list[str]) -> None:
    with pytest.raises(PreflightError) as caught:
        check(facts)
    for text in told:
        assert text in str(caught.value)


def test_all_obstacles_are_told_at_once() -> None:
    with pytest.raises(PreflightError) as caught:
        check(replace(GOOD, user_id=1, memory_gib=1.0))
    assert "user" in str(caught.value)
    assert "memory" in str(caught.value)


def test_a_single_core_is_a_warning_only() -> None:
    (warning,) = check(replace(GOOD, cores=1))
    assert "cores" in str(warning)


def test_a_machine_with_built_tools_needs_less_disk() -> None:
    assert judge(replace(GOOD, tools_built=True, disk_gib={Path("/var"): 9.0})) == []


def test_the_running_environment_does_not_stand_in_its_own_way() -> None:
    assert judge(replace(GOOD, already_up=True, memory_gib=2.0)) == []


def test_measuring_reads_this_machine() -> None:
    facts = measure()
    assert facts.cores >= 1
    assert facts.memory_gib > 0
    assert all(free >= 0 for free in facts.disk_gib.values())
