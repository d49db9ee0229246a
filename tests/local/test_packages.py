"""apt removes nothing, and completes what was cut off: apt and dpkg themselves, on a root of their own."""

import multiprocessing
import os
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from patchbay_local.machine import packages, paths
from patchbay_local.machine.packages import RemovalError, install, is_interrupted, missing, removals
from patchbay_local.machine.programs import HostError


@dataclass
class System:
    """A root with package lists and a dpkg database, and a repository of small packages in a folder."""

    root: Path
    seen: list[str] = field(default_factory=list)

    def offer(self, name: str, *, version: str = "1", **fields: str) -> Path:
        """Put a package without files into the repository."""
        tree = self.root / "trees" / f"{name}-{version}"
        (tree / "DEBIAN").mkdir(parents=True, exist_ok=True)
        lines = {
            "Package": name,
            "Version": version,
            "Architecture": "all",
            "Maintainer": "tests <tests@example.com>",
            "Description": "made by a test",
            **{key.capitalize(): value for key, value in fields.items()},
        }
        (tree / "DEBIAN" / "control").write_text("".join(f"{key}: {value}\n" for key, value in lines.items()))
        file = self.repository / f"{name}_{version}_all.deb"
        _must("dpkg-deb", "--build", "--root-owner-group", str(tree), str(file))
        shown = subprocess.run(
            ["dpkg-scanpackages", "--multiversion", "."], cwd=self.repository, capture_output=True, check=True
        )
        (self.repository / "Packages").write_bytes(shown.stdout)
        return file

    def has(self, name: str, **fields: str) -> None:
        """A package that the machine's owner installed before."""
        _must("dpkg", "--install", str(self.offer(name, **fields)))

    def install(self, *names: str) -> None:
        install(names, lambda text, _: self.seen.append(text))

    @property
    def repository(self) -> Path:
        return self.root / "repository"

    def status(self, name: str) -> str:
        shown = subprocess.run(
            ["dpkg-query", "--show", "--showformat", "${db:Status-Status}", name],
            capture_output=True,
            text=True,
            check=False,
        )
        return shown.stdout


def _must(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> System:
    root = tmp_path / "root"
    for directory in (
        "var/lib/dpkg/info",
        "var/lib/dpkg/updates",
        "var/lib/dpkg/triggers",
        "var/lib/apt/lists/partial",
        "var/cache/apt/archives/partial",
        "etc/apt/apt.conf.d",
        "etc/apt/preferences.d",
        "etc/apt/sources.list.d",
        "etc/apt/trusted.gpg.d",
        "var/log/apt",
        "repository",
    ):
        (root / directory).mkdir(parents=True)
    (root / "var/lib/dpkg/status").touch()
    (root / "repository/Packages").touch()
    (root / "etc/apt/sources.list").write_text(f"deb [trusted=yes] file:{root}/repository ./\n")
    config = tmp_path / "apt.conf"
    config.write_text(
        f'Dir "{root}";\nDir::State::status "{root}/var/lib/dpkg/status";\nDir::Bin::dpkg "/usr/bin/dpkg";\n'
        'Dir::Bin::Methods "/usr/lib/apt/methods";\nAPT::Sandbox::User "root";\n'
    )
    monkeypatch.setenv("APT_CONFIG", str(config))
    monkeypatch.setenv("DPKG_ROOT", str(root))
    monkeypatch.setenv("DPKG_ADMINDIR", str(root / "var/lib/dpkg"))
    monkeypatch.setattr(packages, "_POLICY", root / "policy-rc.d")
    monkeypatch.setattr(packages, "_POLICY_SAVED", root / "policy-rc.d.saved")
    monkeypatch.setattr(paths, "LOGS", tmp_path / "logs")
    monkeypatch.setattr(paths, "INSTALLED_PACKAGES", tmp_path / "installed")
    monkeypatch.setattr(paths, "INSTALLING_PACKAGES", tmp_path / "installing")
    return System(root)


def test_what_is_missing_is_installed_and_remembered(system: System) -> None:
    system.offer("needed", depends="helper")
    system.offer("helper")
    assert missing(["needed"]) == ["needed"]
    system.install("needed")
    assert missing(["needed", "helper"]) == []
    assert packages.installed_by_us() == ["needed"]
    system.offer("another")
    system.install("another")
    assert packages.installed_by_us() == ["another", "needed"]


def test_a_package_that_is_in_the_way_is_named_with_the_remedy_and_stays(system: System) -> None:
    system.has("vendor-engine", conflicts="engine")
    system.has("vendor-tools", depends="vendor-engine")
    system.offer("engine")
    system.offer("unrelated")
    with pytest.raises(RemovalError) as refused:
        system.install("unrelated", "engine")
    told = str(refused.value)
    assert "installing engine would remove" in told
    assert "unrelated" not in told
    assert "`apt-get remove vendor-" in told
    assert "another machine" in told
    assert [system.status(name) for name in ("vendor-engine", "vendor-tools")] == ["installed", "installed"]
    # Nothing was begun.
    assert missing(["unrelated", "engine"]) == ["unrelated", "engine"]


def test_apt_itself_refuses_to_remove_what_the_simulation_did_not_foresee(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    system.has("vendor-engine", conflicts="engine")
    system.offer("engine")
    monkeypatch.setattr(packages, "removals", lambda _: None)
    with pytest.raises(HostError, match="remove is disabled"):
        system.install("engine")
    assert system.status("vendor-engine") == "installed"


def test_before_anything_is_changed_the_simulation_tells_of_each_removal(system: System) -> None:
    system.has("vendor-engine", conflicts="engine")
    system.offer("engine")
    system.offer("harmless")
    _must("apt-get", "update")
    found = removals(["engine", "harmless"])
    assert found is not None
    assert (found.removed, found.wanted) == (("vendor-engine",), ("engine",))
    assert removals(["harmless"]) is None
    with pytest.raises(HostError, match="apt cannot install unheard-of"):
        removals(["unheard-of"])


def test_a_package_left_unpacked_is_set_up_before_anything_is_installed(system: System) -> None:
    _must("dpkg", "--unpack", str(system.offer("half-way")))
    system.offer("needed")
    assert is_interrupted()
    system.install("needed")
    assert not is_interrupted()
    assert [system.status(name) for name in ("half-way", "needed")] == ["installed", "installed"]
    assert any("cut off" in text for text in system.seen)


def test_an_installation_that_dpkg_says_was_interrupted_is_completed(system: System) -> None:
    """dpkg leaves the changes of its database that it had not merged in: apt refuses everything until it has."""
    system.has("there-already")
    system.offer("needed")
    entry = (system.root / "var/lib/dpkg/status").read_text()
    (system.root / "var/lib/dpkg/updates/0001").write_text(entry.replace("made by a test", "changed"))
    refused = subprocess.run(
        ["apt-get", "install", "--yes", "there-already"], capture_output=True, text=True, check=False
    )
    assert "dpkg was interrupted" in refused.stderr
    system.install("needed")
    assert system.status("needed") == "installed"
    assert not is_interrupted()


def test_a_machine_in_order_has_nothing_to_complete(system: System) -> None:
    system.has("there-already")
    assert not is_interrupted()


@pytest.fixture
def disabled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """The units that a systemctl of the test's own was told to disable since the last call."""
    programs, told = tmp_path / "programs", tmp_path / "disabled"
    programs.mkdir()
    (programs / "systemctl").write_text(f'#!/bin/sh\n[ "$1 $2" = "disable --quiet" ]\nshift 2\necho "$@" >> {told}\n')
    (programs / "systemctl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")

    def take() -> list[str]:
        units = told.read_text().split() if told.exists() else []
        told.unlink(missing_ok=True)
        return units

    return take


def test_what_a_failed_installation_did_set_up_is_remembered_and_not_left_enabled(
    system: System, disabled: Callable[[], list[str]]
) -> None:
    system.offer("haproxy")
    system.offer("redis-server")
    # Its script fails: there is no shell in this root.
    broken = system.root / "trees" / "mariadb-server-1" / "DEBIAN"
    broken.mkdir(parents=True)
    (broken / "postinst").write_text("#!/bin/sh\n")
    (broken / "postinst").chmod(0o755)
    system.offer("mariadb-server", depends="haproxy")
    with pytest.raises(HostError):
        system.install("haproxy", "mariadb-server")
    assert system.status("haproxy") == "installed"
    assert packages.installed_by_us() == ["haproxy", "mariadb-server"]
    assert disabled() == ["haproxy", "mariadb"]


def test_what_a_killed_installation_did_set_up_is_named_and_disabled_by_the_next_one(
    system: System, disabled: Callable[[], list[str]]
) -> None:
    system.offer("haproxy")
    system.offer("redis-server")

    def killed() -> None:
        install(["haproxy"], lambda text, _: os.kill(os.getpid(), signal.SIGKILL) if "Setting up" in text else None)

    run = multiprocessing.get_context("fork").Process(target=killed)
    run.start()
    run.join(60)
    assert run.exitcode == -signal.SIGKILL
    assert disabled() == []
    assert packages.installed_by_us() == ["haproxy"]
    # Also where apt has set up all of it.
    assert missing(["haproxy"]) == ["haproxy"]
    system.install("haproxy")
    assert disabled() == ["haproxy"]
    assert missing(["haproxy"]) == []
    # The owner may enable it from here on.
    system.install("redis-server")
    assert disabled() == ["redis-server"]
