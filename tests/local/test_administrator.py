"""The administrator's key of this environment: a file that root alone reads, named and never shown."""

import io
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import httpx
import pytest
from patchbay_local.commands import administrator, proof, verdict
from patchbay_local.machine import paths
from rich.console import Console

from tests.standins.pulumi_plugins.control_plane import ControlPlane

KEY = f"pbk_{'0' * 24}_{'a' * 43}"
SECRETS = "/api/v1/namespaces/patchbay-runtime/secrets"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "state" / "administrator-key"
    monkeypatch.setattr(paths, "ADMINISTRATOR_KEY", place)
    monkeypatch.delenv(administrator.VARIABLE, raising=False)
    return place


@pytest.fixture
def made(control_plane: ControlPlane) -> Iterator[httpx.Client]:
    """A cluster in which the platform has made the key."""
    with control_plane.client() as client:
        # Tests of other accounts make the namespace as well.
        created = client.post("/api/v1/namespaces", json={"metadata": {"name": "patchbay-runtime"}})
        assert created.status_code in {201, 409}, created.text
        make(client, KEY)
        yield client
        client.delete(f"{SECRETS}/administrator").raise_for_status()


def make(client: httpx.Client, key: str) -> None:
    client.post(SECRETS, json={"metadata": {"name": "administrator"}, "stringData": {"key": key}}).raise_for_status()


def test_the_key_is_in_a_file_that_root_alone_reads(
    control_plane: ControlPlane, made: httpx.Client, file: Path
) -> None:
    administrator.keep_key(control_plane.kubeconfig)
    found = file.stat()
    assert file.read_text() == f"{KEY}\n"
    assert (stat.S_IMODE(found.st_mode), found.st_uid) == (0o600, 0)
    # Open to others by mistake, and of a key that is another one by now.
    file.chmod(0o644)
    made.delete(f"{SECRETS}/administrator").raise_for_status()
    make(made, KEY.replace("a", "b"))
    administrator.keep_key(control_plane.kubeconfig)
    assert file.read_text() == f"{KEY.replace('a', 'b')}\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_an_environment_without_the_key_is_told_so(control_plane: ControlPlane, file: Path) -> None:
    with pytest.raises(RuntimeError, match=r"the administrator's key cannot be read: .*404"):
        administrator.keep_key(control_plane.kubeconfig)
    assert not file.exists()


def test_load_tests_of_this_machine_find_the_key_unless_another_one_is_named(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Mapping[str, str]] = []

    def started(_command: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> int:
        assert cwd == paths.REPOSITORY
        given.append(env)
        return 0

    monkeypatch.setattr(proof, "run_in_front", started)
    proof.bench([])
    file.parent.mkdir()
    file.write_text(f"{KEY}\n")
    proof.bench([])
    monkeypatch.setenv(administrator.VARIABLE, "another")
    proof.bench([])
    assert [env.get(administrator.VARIABLE) for env in given] == [None, KEY, None]


def test_the_end_of_make_up_says_where_the_key_is_and_not_what_it_is(file: Path) -> None:
    file.parent.mkdir()
    file.write_text(f"{KEY}\n")
    told = io.StringIO()
    verdict.print_verdict(Console(file=told, width=200), {"packages": 1.0}, 1.0, passed=None)
    assert f"key:        {file}" in told.getvalue()
    assert KEY not in told.getvalue()
