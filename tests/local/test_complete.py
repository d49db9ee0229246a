"""The complete set goes on after a failure, and its record says of one commit what passed and what did not."""

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from patchbay_local.commands.complete import Part, run_parts
from patchbay_local.commands.complete_parts import complete
from patchbay_local.commands.tree import Tree
from rich.console import Console

TREE = Tree("0123abc", ())


class Set:
    """Parts that a test makes up, the order in which they ran, and what is told and recorded of them."""

    def __init__(self, directory: Path) -> None:
        self.record = directory / "complete.json"
        self.ran: list[str] = []
        self.told = ""

    def part(self, name: str, end: Callable[[], bool] = lambda: True, *, lasting: bool = True) -> Part:
        def run() -> bool:
            self.ran.append(name)
            return end()

        return Part(name, f"what {name} covers", run, lasting)

    def run(self, *parts: Part, tree: Tree = TREE, now: Callable[[], Tree] | None = None, resume: bool = False) -> bool:
        text = io.StringIO()
        self.ran.clear()
        try:
            return run_parts(
                Console(file=text, width=120),
                parts,
                tree=tree,
                now=now or (lambda: tree),
                record=self.record,
                resume=resume,
            )
        finally:
            self.told = text.getvalue()

    @property
    def content(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.record.read_text())
        return found


@pytest.fixture
def made(tmp_path: Path) -> Set:
    return Set(tmp_path)


def broken() -> bool:
    raise RuntimeError("the cluster did not come up")


def interrupted() -> bool:
    raise KeyboardInterrupt


def test_a_set_that_passed_is_recorded_with_its_commit_and_every_part(made: Set) -> None:
    assert made.run(made.part("a"), made.part("b"))
    assert (made.content["commit"], made.content["passed"]) == ("0123abc", True)
    assert [(one["name"], one["passed"]) for one in made.content["parts"]] == [("a", True), ("b", True)]
    assert "what a covers" in made.told


@pytest.mark.parametrize(("end", "told"), [(lambda: False, "FAILED"), (broken, "FAILED the cluster did not come up")])
def test_a_part_that_fails_ends_nothing_and_fails_the_set(made: Set, end: Callable[[], bool], told: str) -> None:
    assert not made.run(made.part("a", end), made.part("b"))
    assert made.ran == ["a", "b"]
    assert made.content["passed"] is False
    assert [one["passed"] for one in made.content["parts"]] == [False, True]
    assert told in made.told


def test_a_set_that_was_interrupted_is_recorded_as_not_passed_with_what_did_not_run(made: Set) -> None:
    with pytest.raises(KeyboardInterrupt):
        made.run(made.part("a"), made.part("b", interrupted), made.part("c"))
    assert made.content["passed"] is False
    assert made.content["not_run"] == ["b", "c"]


def test_going_on_keeps_what_passed_before_though_it_is_interrupted_before_it_comes_to_it(made: Set) -> None:
    up, first, last = made.part("up", lasting=False), made.part("a"), made.part("d")
    made.run(first, up, made.part("b"), made.part("c", lambda: False), last)
    with pytest.raises(KeyboardInterrupt):
        made.run(first, made.part("up", interrupted, lasting=False), made.part("b"), made.part("c"), last, resume=True)
    assert [one["name"] for one in made.content["parts"]] == ["a", "b", "d"]
    assert (made.content["not_run"], made.content["passed"]) == (["up", "c"], False)
    assert made.run(first, up, made.part("b"), made.part("c"), last, resume=True)
    assert made.ran == ["up", "c"]
    assert [one["name"] for one in made.content["parts"]] == ["a", "up", "b", "c", "d"]
    assert made.content["passed"] is True


@pytest.mark.parametrize("resume", [False, True])
def test_a_set_that_passed_is_not_taken_for_the_one_that_runs(made: Set, resume: bool) -> None:
    made.run(made.part("up", lasting=False))
    assert (made.content["passed"], made.content["ended"] is None) == (True, False)
    with pytest.raises(KeyboardInterrupt):
        made.run(made.part("up", interrupted, lasting=False), resume=resume)
    assert (made.content["passed"], made.content["ended"], made.content["not_run"]) == (False, None, ["up"])


def test_what_is_not_committed_makes_the_set_count_for_no_commit(made: Set) -> None:
    made.run(made.part("a"), tree=Tree("0123abc", ("README.md",)))
    assert made.content["passed"] is False
    assert made.content["changed"] == ["README.md"]
    assert "counts for no commit" in made.told


def test_going_on_repeats_what_failed_and_what_others_need(made: Set) -> None:
    made.run(made.part("up", lasting=False), made.part("a"), made.part("b", lambda: False))
    assert made.run(made.part("up", lasting=False), made.part("a"), made.part("b"), resume=True)
    assert made.ran == ["up", "b"]
    assert [one["name"] for one in made.content["parts"]] == ["up", "a", "b"]


@pytest.mark.parametrize("tree", [Tree("4567def", ()), Tree("0123abc", ("README.md",))], ids=["another", "changed"])
def test_going_on_takes_nothing_over_from_another_tree(made: Set, tree: Tree) -> None:
    made.run(made.part("a"))
    made.run(made.part("a"), tree=tree, resume=True)
    assert made.ran == ["a"]


def test_without_going_on_every_part_runs_again(made: Set) -> None:
    made.run(made.part("a"))
    made.run(made.part("a"))
    assert made.ran == ["a"]


OTHERS = [Tree("4567def", ()), Tree("0123abc", ("README.md",), "1")]


@pytest.mark.parametrize("other", OTHERS, ids=["commit", "edit"])
def test_a_part_during_which_the_tree_changes_does_not_count_and_stops_the_set(made: Set, other: Tree) -> None:
    found = [TREE]

    def change() -> bool:
        found[0] = other
        return True

    parts = (made.part("a"), made.part("b", change), made.part("c"))
    assert not made.run(*parts, now=lambda: found[0])
    assert made.ran == ["a", "b"]
    assert made.content["passed"] is False
    assert [(one["name"], one["commit"], one["changed"]) for one in made.content["parts"]] == [("a", "0123abc", [])]
    assert made.content["not_run"] == ["b", "c"]
    assert "the tree changed while b ran" in made.content["stopped"]
    assert "STOPPED: the tree changed while b ran" in made.told
    # Neither commit has a result of b.
    for tree in (TREE, Tree("4567def", ())):
        made.run(*parts[:1], made.part("b"), tree=tree, resume=True)
        assert "b" in made.ran


def test_a_tree_that_changed_before_a_part_stops_the_set(made: Set) -> None:
    assert not made.run(made.part("a"), now=lambda: Tree("4567def", ()))
    assert made.ran == []
    assert "the tree changed before a (commit 0123abc became 4567def)" in made.told


def test_a_part_that_does_not_say_what_it_ran_on_is_not_taken_over(made: Set) -> None:
    made.run(made.part("a"))
    content = made.content
    del content["parts"][0]["commit"]
    made.record.write_text(json.dumps(content))
    made.run(made.part("a"), resume=True)
    assert made.ran == ["a"]


def git(directory: Path, *words: str) -> str:
    who = ["-c", "user.name=tests", "-c", "user.email=tests@example.com"]
    return subprocess.run(["git", *who, *words], cwd=directory, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "a file").write_text("one")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "One")
    return tmp_path


def test_the_tree_is_known_by_its_commit_and_by_what_is_not_committed(repository: Path) -> None:
    assert Tree.of(repository) == Tree(git(repository, "rev-parse", "HEAD").strip(), [])
    (repository / "a file").write_text("two")
    (repository / "new").write_text("new")
    assert Tree.of(repository).changed == ["a file", "new"]


def test_a_further_edit_of_a_changed_file_makes_another_tree(repository: Path) -> None:
    directory = repository / "new"
    directory.mkdir()
    for name, expected in (("a file", "a file"), ("new/one", "new/one"), ("new/two", "new/two"), ("new/two", "again")):
        before = Tree.of(repository)
        with (repository / name).open("a") as file:
            file.write("more")
        assert expected in before.difference(Tree.of(repository))
    before = Tree.of(repository)
    assert before.difference(Tree.of(repository)) == ""


def test_where_git_knows_no_commit_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="git does not tell"):
        Tree.of(tmp_path)


COMMAND = """
import os, signal
from patchbay_local import cli

def app():
    os.kill(os.getpid(), signal.{signal})
    print("went on")

cli.app = app
try:
    cli.main()
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.parametrize(
    ("start", "name", "told"),
    [("", "SIGHUP", "interrupted"), ("nohup", "SIGHUP", "went on"), ("nohup", "SIGTERM", "interrupted")],
)
def test_a_signal_that_is_ignored_at_the_start_interrupts_nothing(start: str, name: str, told: str) -> None:
    command = [*start.split(), sys.executable, "-c", COMMAND.format(signal=name)]
    # Their defaults: who runs the tests may ignore them.
    plain = ["env", "--default-signal=HUP,TERM", *command]
    done = subprocess.run(plain, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == told


def test_the_set_has_everything_and_leaves_the_machine_for_its_end() -> None:
    names = [part.name for part in complete(Console())]
    assert len(set(names)) == len(names)
    assert {"tests", "proof", "nodes", "load", "comparison", "faults", "bootstrap"} <= set(names)
    # The machine without a cluster comes last, and the environment is brought up again.
    assert names[-2:] == ["machine", "images"]
    assert not complete(Console())[-1].lasting
