"""The documents name what is there: links, commands, folders."""

import re
from pathlib import Path

import pytest
from patchbay_infra.images.config import ImagesConfig
from patchbay_platform.images import ImageLock

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
        re.findall(
            r"`?make (?:-s )?([a-z]+(?:-[a-z]+)*)",
            " ".join(re.findall(r"`[^`]*`|^make .*$", document.read_text(), re.M)),
        )
    )
    targets = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.M))
    assert named <= targets


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_every_path_of_the_repository_that_is_named_exists(document: Path) -> None:
    folders = "|".join(path.name for path in REPOSITORY.iterdir() if path.is_dir() and not path.name.startswith("."))
    named = re.findall(rf"`((?:{folders})/[\w./-]*)`", document.read_text())
    generated = ("reports/",)
    assert not [path for path in named if not path.startswith(generated) and not (REPOSITORY / path).exists()]


def test_every_room_of_the_architecture_exists() -> None:
    text = (REPOSITORY / "docs/architecture.md").read_text()
    folders = re.findall(r"^\| `([a-z]+)/` \|", text, re.M)
    assert len(folders) >= 6
    assert not [folder for folder in folders if not (REPOSITORY / folder).is_dir()]


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = [int(path.name[:4]) for path in sorted((REPOSITORY / "docs/decisions").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_image_lock_that_is_shown_is_taken_and_names_every_image_of_an_environment_on_aws(tmp_path: Path) -> None:
    section = (REPOSITORY / "docs/environments.md").read_text().partition("\n### The image lock\n")[2]
    (shown,) = re.findall(r"```json\n(.*?)```", section, re.S)
    lock = tmp_path / "images.json"
    lock.write_text(shown)
    found = ImageLock.load(lock, field="patchbay:platform.imageLock").model_dump(exclude_none=True, by_alias=True)
    # Redis and MariaDB are AWS' own there.
    assert set(found) == set(ImagesConfig().names) - {"redis", "mariadb"}
