"""What was changed on the host is put back, whatever happened in between."""

from pathlib import Path

import pytest
from patchbay_local.machine import changes, journal
from patchbay_local.machine.changes import Directory, Mount, Sysctl
from patchbay_local.machine.journal import Journal
from patchbay_local.machine.programs import HostError


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stands in for /proc/sys."""
    root = tmp_path / "sys"
    (root / "vm").mkdir(parents=True)
    (root / "vm/overcommit_memory").write_text("0\n")
    (root / "vm/limit").write_text("128\n")
    monkeypatch.setattr(changes, "SYSCTL_ROOT", root)
    monkeypatch.setattr(journal, "SYSCTL_ROOT", root)
    return root


@pytest.fixture
def book(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal.jsonl")


def test_a_kernel_setting_gets_its_first_value_back_after_several_starts(settings: Path, book: Journal) -> None:
    setting = settings / "vm/overcommit_memory"
    for value in ("1", "2"):
        book.set_sysctl("cluster", "vm/overcommit_memory", value)
        assert setting.read_text() == value
    book.undo()
    assert setting.read_text() == "0"
    assert book.pending() == []


def test_a_kernel_setting_that_another_program_changes_is_put_back(settings: Path, book: Journal) -> None:
    book.keep_sysctl("cluster", "vm/overcommit_memory")
    (settings / "vm/overcommit_memory").write_text("1")
    book.undo()
    assert (settings / "vm/overcommit_memory").read_text().strip() == "0"


def test_a_setting_that_is_high_enough_is_left_alone(settings: Path, book: Journal) -> None:
    book.set_sysctl("cluster", "vm/limit", "64", minimum=True)
    assert (settings / "vm/limit").read_text().strip() == "128"
    assert book.pending() == []


def test_another_command_can_put_back_what_a_crashed_one_changed(tmp_path: Path) -> None:
    directory = tmp_path / "state"
    Journal(tmp_path / "journal.jsonl").record("cluster", Directory(path=directory))
    (directory / "deep").mkdir(parents=True)
    Journal(tmp_path / "journal.jsonl").undo()
    assert not directory.exists()


def test_a_line_cut_off_by_a_crash_hides_no_other(tmp_path: Path, book: Journal) -> None:
    book.record("cluster", Directory(path=tmp_path / "first"))
    with (tmp_path / "journal.jsonl").open("a") as stream:
        stream.write('\n{"event": "change", "boo')
    book.record("cluster", Directory(path=tmp_path / "second"))
    keys = {entry.change.key for entry in book.pending()}
    assert keys == {f"directory {tmp_path / 'first'}", f"directory {tmp_path / 'second'}"}


def test_changes_of_an_earlier_boot_are_void(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    boot = tmp_path / "boot_id"
    monkeypatch.setattr(journal, "BOOT_ID", boot)
    boot.write_text("first\n")
    Journal(tmp_path / "journal.jsonl").record("cluster", Sysctl(name="vm/overcommit_memory", previous="0"))
    boot.write_text("second\n")
    assert Journal(tmp_path / "journal.jsonl").pending() == []


def test_one_failure_keeps_nothing_else_from_being_put_back(
    tmp_path: Path, book: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, removed = tmp_path / "kept", tmp_path / "removed"
    removed.mkdir()
    book.record("cluster", Directory(path=removed))
    book.record("cluster", Mount(path=kept))

    def refuse(_: Path) -> bool:
        raise OSError("device is busy")

    monkeypatch.setattr(Path, "is_mount", refuse)
    with pytest.raises(HostError, match=f"mount {kept}: device is busy"):
        book.undo()
    assert not removed.exists()
    assert [entry.change.key for entry in book.pending()] == [f"mount {kept}"]


def test_putting_back_one_scope_leaves_the_others(tmp_path: Path, book: Journal) -> None:
    for scope in ("cluster/node/a", "cluster/node/ab", "edge"):
        book.record(scope, Directory(path=tmp_path / scope))
    book.undo("cluster/node/a")
    assert {entry.scope for entry in book.pending()} == {"cluster/node/ab", "edge"}
    book.undo("cluster")
    assert {entry.scope for entry in book.pending()} == {"edge"}


def test_undoing_twice_is_the_same_as_once(settings: Path, book: Journal, tmp_path: Path) -> None:
    book.set_sysctl("cluster", "vm/overcommit_memory", "1")
    book.record("cluster", Directory(path=tmp_path / "never-made"))
    for _ in range(2):
        book.undo()
    assert (settings / "vm/overcommit_memory").read_text() == "0"


def test_a_long_journal_forgets_what_was_put_back_and_nothing_else(
    tmp_path: Path, book: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "_COMPACT_BYTES", 4096)
    book.record("cluster", Directory(path=tmp_path / "kept"))
    for number in range(100):
        node = Directory(path=tmp_path / f"node-{number}")
        book.record("cluster/node", node)
        book.undo_change(node)
    assert (tmp_path / "journal.jsonl").stat().st_size < 2 * 4096
    assert [entry.change for entry in Journal(tmp_path / "journal.jsonl").pending()] == [
        Directory(path=tmp_path / "kept")
    ]
