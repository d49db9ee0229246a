"""The documents name what is there: links, commands, folders."""

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([REPOSITORY / "README.md", *REPOSITORY.glob("docs/**/*.md")])


def relative(document: Path) -> str:
    return str(document.relative_to(REPOSITORY))


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_every_link_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text())
    missing = [link for link in links if "://" not in link and not (document.parent / link).exists()]
    assert not missing


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_every_make_target_that_is_named_exists(document: Path) -> None:
    named = set(
        re.findall(r"`?make (?:-s )?([a-z]+)", " ".join(re.findall(r"`[^`]*`|^make .*$", document.read_text(), re.M)))
    )
    targets = set(re.findall(r"^([a-z]+):", (REPOSITORY / "Makefile").read_text(), re.M))
    assert named <= targets


def test_every_room_of_the_architecture_exists() -> None:
    text = (REPOSITORY / "docs/architecture.md").read_text()
    folders = re.findall(r"^\| `([a-z]+)/` \|", text, re.M)
    assert len(folders) >= 6
    assert not [folder for folder in folders if not (REPOSITORY / folder).is_dir()]


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = [int(path.name[:4]) for path in sorted((REPOSITORY / "docs/decisions").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))
