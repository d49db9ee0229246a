"""The file that says what users may expect."""

from pathlib import Path

import pytest
import yaml
from patchbay_loadtests.cli import app
from patchbay_loadtests.commands import nodes
from patchbay_loadtests.commands.load import ProfileName
from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.core.objectives import SLO, read_objectives
from patchbay_loadtests.nodes.run import NodeOptions
from rich.console import Console
from typer.testing import CliRunner


def test_the_file_that_comes_along_has_objectives_for_every_profile() -> None:
    objectives = read_objectives()
    assert set(objectives.load) == {profile.value for profile in ProfileName}
    with pytest.raises(ValueError, match=r"load\.flood: missing; add it"):
        objectives.of_profile("flood")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"faults": {"calm_p95_seconds": 0, "slow_seconds": 8}}, "faults.calm_p95_seconds"),
        ({"generator": {}}, "generator.late_p95_seconds"),
        ({"nodes": {"warm_pod_ready_seconds": 20}}, "nodes.headroom_pod_ready_seconds"),
        ({"fault": {}}, "fault: Extra inputs"),
    ],
)
def test_what_is_wrong_in_it_is_named_with_the_remedy(
    tmp_path: Path, changes: dict[str, dict[str, float]], told: str
) -> None:
    file = tmp_path / "slo.yaml"
    file.write_text(yaml.safe_dump(yaml.safe_load(SLO.read_text()) | changes))
    with pytest.raises(ValueError, match=told) as refused:
        read_objectives(file)
    assert "seconds greater than 0" in str(refused.value)


@pytest.mark.parametrize("content", [None, "load: ["], ids=["missing", "not-yaml"])
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "slo.yaml"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ValueError, match=r"slo\.yaml"):
        read_objectives(file)


def test_a_node_proof_holds_pods_to_the_limits_of_the_file_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[NodeOptions] = []

    async def keep(options: NodeOptions, _: Console) -> None:
        given.append(options)
        raise UnusableEnvironmentError("no cluster here")

    monkeypatch.setattr(nodes, "prove_nodes", keep)
    (tmp_path / "kubeconfig").touch()
    file = tmp_path / "slo.yaml"
    limits = {"nodes": {"warm_pod_ready_seconds": 40, "headroom_pod_ready_seconds": 50}}
    file.write_text(yaml.safe_dump(yaml.safe_load(SLO.read_text()) | limits))
    line = ["prove-nodes", "--host=http://127.0.0.1:1", f"--kubeconfig={tmp_path / 'kubeconfig'}"]
    for options in ([f"--slo={file}"], []):
        assert CliRunner().invoke(app, [*line, *options]).exit_code == 2
    assert [(options.limits.warm, options.limits.headroom) for options in given] == [(40, 50), (20, 25)]
    missing = CliRunner().invoke(app, [*line, f"--slo={tmp_path / 'none'}"])
    assert missing.exit_code == 2
    assert "name another file with --slo" in missing.output
    assert len(given) == 2
