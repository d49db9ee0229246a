"""`make test` ends with one line for all of its tests, with the exit code of the worse phase, and with reports."""

import io
import json
import re
import shlex
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from patchbay_local.build.own_environments import OwnEnvironment
from patchbay_local.commands import complete_parts, phases
from patchbay_local.commands.tree import Tree
from rich.console import Console

PASSED = '<testcase classname="tests.unit.test_it" name="test_{name}" time="{seconds}" />'
FAILED = '<testcase classname="tests.cluster.test_it" name="test_{name}" time="2.5"><failure>why</failure></testcase>'
ERROR = '<testcase classname="tests.cluster.test_it" name="test_{name}" time="1"><error>why</error></testcase>'

Execute = Callable[[Sequence[str]], int]


@pytest.fixture(autouse=True)
def _no_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OwnEnvironment, "install", lambda _: None)


def pytests(marks: Sequence[str] = ("long",), /, **phase_results: tuple[int, str]) -> tuple[Execute, list[list[str]]]:
    """Writes what pytest would: phase -> exit code and test cases (empty: nothing is written).

    `marks`: those of the one test that is left out.
    """
    commands: list[list[str]] = []

    def execute(command: Sequence[str]) -> int:
        commands.append(list(command))
        options = dict(word.split("=", 1) for word in command if word.startswith("--") and "=" in word)
        code, cases = phase_results[options["--phase"]]
        if cases:
            Path(options["--junitxml"]).write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>")
            left_out = {"tests/unit/test_it.py::test_slow": list(marks)} if options["--phase"] == "parallel" else {}
            Path(options["--left-out"]).write_text(json.dumps(left_out))
        return code

    return execute, commands


def clean() -> Tree:
    return Tree("0123abc", [])


def run(reports: Path, execute: Execute, *arguments: str, now: Callable[[], Tree] = clean) -> tuple[int, str]:
    text = io.StringIO()
    code = phases.run_tests(Console(file=text, width=80), arguments, reports=reports, execute=execute, now=now)
    return code, text.getvalue().splitlines()[-1]


def test_the_last_line_counts_the_tests_of_both_phases(tmp_path: Path) -> None:
    execute, commands = pytests(
        parallel=(0, PASSED.format(name="a", seconds=1) + PASSED.format(name="b", seconds=2)),
        alone=(0, PASSED.format(name="c", seconds=3)),
    )
    code, last = run(tmp_path, execute)
    assert code == 0
    assert re.fullmatch(r"=+ 3 passed in \d+\.\d\ds =+", last)
    assert [command.count("--phase=parallel") for command in commands] == [1, 0]


@pytest.mark.parametrize("first", [1, 2, 3])
def test_the_second_phase_runs_after_a_failure_of_the_first_and_the_failure_counts(tmp_path: Path, first: int) -> None:
    cases = FAILED.format(name="a") + ERROR.format(name="b") + ERROR.format(name="c")
    execute, commands = pytests(parallel=(first, cases), alone=(0, PASSED.format(name="d", seconds=1)))
    code, last = run(tmp_path, execute)
    assert (code, len(commands)) == (first, 2)
    assert " 1 failed, 1 passed, 2 errors in " in last


def test_a_failure_of_the_second_phase_counts(tmp_path: Path) -> None:
    execute, _ = pytests(parallel=(0, PASSED.format(name="a", seconds=1)), alone=(1, FAILED.format(name="b")))
    assert run(tmp_path, execute)[0] == 1


@pytest.mark.parametrize(
    ("parallel", "alone", "expected"), [((0, "one"), (5, ""), 0), ((5, ""), (0, "one"), 0), ((5, ""), (5, ""), 5)]
)
def test_with_arguments_a_phase_without_tests_is_no_failure_unless_both_are(
    tmp_path: Path, parallel: tuple[int, str], alone: tuple[int, str], expected: int
) -> None:
    def cases(result: tuple[int, str]) -> tuple[int, str]:
        return result[0], PASSED.format(name=result[1], seconds=1) if result[1] else " "

    execute, _ = pytests(parallel=cases(parallel), alone=cases(alone))
    code, last = run(tmp_path, execute, "-k", "one")
    assert code == expected
    assert ("no tests ran" if expected else "1 passed") in last


def test_a_phase_that_died_without_a_report_is_an_error_and_its_old_report_is_not_taken_for_it(tmp_path: Path) -> None:
    run(tmp_path, pytests(parallel=(0, PASSED.format(name="a", seconds=1)), alone=(5, " "))[0])
    code, last = run(tmp_path, pytests(parallel=(-9, ""), alone=(5, " "))[0])
    assert code == -9
    assert "1 error" in last
    assert "passed" not in last


@pytest.mark.parametrize("code", [0, 5])
@pytest.mark.parametrize("arguments", [(), ("-k", "a")])
@pytest.mark.parametrize("half", ["", "<testsuites><testsuite>"], ids=["none", "half of one"])
def test_a_phase_that_ends_well_without_a_report_is_a_failure(
    tmp_path: Path, code: int, arguments: Sequence[str], half: str
) -> None:
    execute, _ = pytests(parallel=(0, PASSED.format(name="a", seconds=1)), alone=(code, ""))

    def die(command: Sequence[str]) -> int:
        if half:
            (tmp_path / "alone.xml").write_text(half)
        return execute(command)

    found, last = run(tmp_path, die, *arguments)
    assert found == 1
    assert "1 passed, 1 error" in last


def test_a_failure_in_the_report_counts_whatever_the_exit_code(tmp_path: Path) -> None:
    execute, _ = pytests(parallel=(0, FAILED.format(name="a")), alone=(0, PASSED.format(name="b", seconds=1)))
    assert run(tmp_path, execute)[0] == 1


@pytest.mark.parametrize("empty", ["parallel", "alone"])
@pytest.mark.parametrize("code", [0, 5])
def test_without_arguments_a_phase_without_tests_is_a_failure(tmp_path: Path, empty: str, code: int) -> None:
    results = dict.fromkeys(("parallel", "alone"), (0, PASSED.format(name="a", seconds=1)))
    execute, _ = pytests(**{**results, empty: (code, " ")})
    assert run(tmp_path, execute)[0] == 1


@pytest.mark.parametrize(
    ("marks", "arguments", "all_but", "expected"),
    [
        (["long"], (), "", 0),
        ([], (), "", 1),
        ([], ("-k", "a"), "", 0),
        (["long"], ("-m", "not cluster_lifecycle"), "cluster_lifecycle", 1),
        (["long", "cluster_lifecycle"], ("-m", "not cluster_lifecycle"), "cluster_lifecycle", 0),
    ],
)
def test_only_tests_that_are_meant_to_be_left_out_may_be(
    tmp_path: Path, marks: list[str], arguments: Sequence[str], all_but: str, expected: int
) -> None:
    both = (0, PASSED.format(name="a", seconds=1))
    execute, _ = pytests(marks, parallel=both, alone=both)
    text = io.StringIO()
    console = Console(file=text, width=80)
    found = phases.run_tests(console, arguments, reports=tmp_path, all_but=all_but, execute=execute)
    assert found == expected
    assert ("left out though it should run: tests/unit/test_it.py::test_slow" in text.getvalue()) == bool(expected)


@pytest.mark.parametrize(("marks", "passed"), [(["long"], False), ([], False), (["cluster_lifecycle"], True)])
def test_the_complete_set_leaves_out_the_machines_tests_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, marks: list[str], *, passed: bool
) -> None:
    both = (0, PASSED.format(name="a", seconds=1))
    monkeypatch.setattr(complete_parts, "REPORTS", tmp_path)
    execute, commands = pytests(marks, parallel=both, alone=both)
    monkeypatch.setattr(complete_parts, "run_tests", partial(phases.run_tests, execute=execute))
    (part,) = (one for one in complete_parts.complete(Console(file=io.StringIO())) if one.name == "tests")
    assert part.run() == passed
    assert ["not cluster_lifecycle" in command for command in commands] == [True, True]


def test_what_the_shell_sets_for_pytest_does_not_choose_among_the_tests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "test_it.py").write_text("def test_a(): pass\n\ndef test_b(): assert False\n")
    (tmp_path / "pytest.ini").touch()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path)]
    monkeypatch.setenv("PYTEST_ADDOPTS", "-k test_a")
    monkeypatch.setenv("PYTEST_PLUGINS", "no_such_plugin")
    assert phases._pytest([*command, "-c", str(tmp_path / "pytest.ini"), str(tmp_path)]) == 1


def test_what_is_asked_of_pytest_cannot_make_the_second_phase_run_beside_others(tmp_path: Path) -> None:
    execute, (parallel, alone) = pytests(parallel=(5, " "), alone=(5, " "))[0], ([], [])
    commands: list[list[str]] = []

    def note(command: Sequence[str]) -> int:
        commands.append(list(command))
        return execute(command)

    run(tmp_path, note, *shlex.split("-n 7 -k gateway"))
    parallel, alone = commands
    assert parallel.index("7") > parallel.index("-n")
    assert [alone[index + 1] for index, word in enumerate(alone) if word == "-n"] == ["7", "0"]


def test_a_run_that_is_killed_leaves_no_report_of_an_earlier_one(tmp_path: Path) -> None:
    both = (0, PASSED.format(name="a", seconds=1))
    run(tmp_path, pytests(parallel=both, alone=both)[0])
    made = {file.name for file in tmp_path.iterdir()}
    assert {"summary.md", "durations.json", "parallel.xml", "alone.xml"} <= made
    (tmp_path / "complete.json").touch()
    (tmp_path / "every").mkdir()
    found: list[set[str]] = []

    def kill(_command: Sequence[str]) -> int:
        found.append({file.name for file in tmp_path.iterdir()})
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, kill)
    assert found == [{"complete.json", "every"}]


def no_git() -> Tree:
    raise RuntimeError("git does not tell")


@pytest.mark.parametrize(
    ("trees", "told", "recorded"),
    [
        ([clean()] * 2, "- commit 0123abc\n", ("0123abc", [], False)),
        ([Tree("0123abc", ["a", "b"], "1")] * 2, "0123abc and 2 changed files\n", ("0123abc", ["a", "b"], False)),
        ([clean(), Tree("4567def", [])], "changed while tests ran: commit 0123abc became", ("0123abc", [], True)),
        ([], "- no commit: git knows of none here\n", (None, None, False)),
    ],
    ids=["clean", "changed", "changed meanwhile", "no git"],
)
def test_reports_tell_which_tree_was_tested_and_when(
    tmp_path: Path, trees: list[Tree], told: str, recorded: tuple[str | None, list[str] | None, bool]
) -> None:
    both = (0, PASSED.format(name="a", seconds=1))
    found = iter(trees)
    began = datetime.now(UTC).replace(microsecond=0)
    run(tmp_path, pytests(parallel=both, alone=both)[0], now=lambda: next(found) if trees else no_git())
    summary = (tmp_path / "summary.md").read_text()
    durations = json.loads((tmp_path / "durations.json").read_text())
    assert told in summary
    assert (durations["commit"], durations["changed"], durations["changed_meanwhile"]) == recorded
    assert began <= datetime.fromisoformat(durations["began"]) <= datetime.fromisoformat(durations["ended"])
    assert f"- from {durations['began']} to {durations['ended']}" in summary


def test_reports_tell_how_long_tests_took_and_what_was_not_covered(tmp_path: Path) -> None:
    cases = PASSED.format(name="a", seconds=1) + PASSED.format(name="b", seconds=20) + FAILED.format(name="c")
    run(tmp_path, pytests(parallel=(1, cases), alone=(5, " "))[0])
    durations = json.loads((tmp_path / "durations.json").read_text())
    assert durations["suites"] == {
        "tests/unit": {"tests": 2, "seconds": 21.0},
        "tests/cluster": {"tests": 1, "seconds": 2.5},
    }
    assert durations["slowest"][0] == {"test": "tests/unit/test_it.py::test_b", "seconds": 20.0}
    assert durations["left_out"] == {"marked long": ["tests/unit/test_it.py::test_slow"]}
    summary = (tmp_path / "summary.md").read_text()
    assert "- 1 tests: marked long" in summary
    assert "- failed: `tests/cluster/test_it.py::test_c`" in summary
