"""`make lint` runs every check, also after one that is not clean, and shows what each found in one piece."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from patchbay_local.commands import checks
from patchbay_local.machine.programs import CommandError
from rich.console import Console

CHECKS = ("ruff check", "ruff format", "shellcheck", "mypy", "mypy, policy pack")


def lint(monkeypatch: pytest.MonkeyPatch, *, not_clean: str = "", shellcheck: bool = True) -> tuple[bool, str]:
    """The verdict and what is shown, where one of the programs finds something and the others nothing."""

    def run(command: Sequence[str | Path], *, cwd: Path, on_line: Callable[[str], None] = lambda _: None) -> str:
        assert cwd.is_dir()
        name = Path(command[0]).name
        if name == not_clean:
            on_line("tests/it.py:1: error: what is wrong")
            raise CommandError([name], 1, "", None)
        return ".ci/run\n"

    monkeypatch.setattr(checks, "run", run)
    monkeypatch.setattr(checks, "ensure_shellcheck", lambda _: shellcheck)
    text = io.StringIO()
    return checks.lint(Console(file=text, width=100)), text.getvalue()


def test_every_check_is_run_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    clean, shown = lint(monkeypatch)
    assert clean
    assert sorted(shown.splitlines()) == sorted(f"{name}: clean" for name in CHECKS)


@pytest.mark.parametrize(("program", "failed"), [("ruff", 2), ("shellcheck", 1), ("mypy", 2)])
def test_one_that_is_not_clean_fails_the_whole_and_ends_no_other(
    monkeypatch: pytest.MonkeyPatch, program: str, failed: int
) -> None:
    clean, shown = lint(monkeypatch, not_clean=program)
    assert not clean
    assert shown.count("tests/it.py:1: error: what is wrong\n") == shown.count(": FAILED\n") == failed
    assert shown.count(": clean\n") == len(CHECKS) - failed


def test_a_check_that_cannot_run_is_not_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    clean, _ = lint(monkeypatch, shellcheck=False)
    assert not clean
