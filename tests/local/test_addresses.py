"""Ports and address ranges are chosen in one file; what is wrong in it is told with its field and the remedy."""

import subprocess
import sys
from pathlib import Path

import pytest
from patchbay_local.machine import paths
from patchbay_local.machine.addresses import AddressError, Addresses, load


def write(directory: Path, text: str) -> Path:
    file = directory / "addresses.yaml"
    file.write_text(text)
    return file


def test_without_a_file_everything_has_its_default(tmp_path: Path) -> None:
    assert load(tmp_path / "none") == Addresses()
    assert load(write(tmp_path, "")) == Addresses()


def test_what_the_file_names_is_used_and_the_rest_keeps_its_default(tmp_path: Path) -> None:
    chosen = load(
        write(tmp_path, "ports: {edge: 8081, emulatedAws: {local: 5701}}\nnetworks: {bridge: 10.189.0.0/24}\n")
    )
    assert (chosen.ports.edge, chosen.ports.registry) == (8081, 5000)
    assert (chosen.ports.emulated_aws.local, chosen.ports.emulated_aws.dev) == (5701, 5602)
    assert (str(chosen.networks.bridge), str(chosen.networks.pods)) == ("10.189.0.0/24", "10.90.0.0/16")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("ports: {edge: 80800}", ["ports.edge", "65535"]),
        ("ports: {egde: 8081}", ["ports.egde", "not permitted"]),
        ("ports: {edge: 5000}", ["ports", "5000 is given to two things"]),
        ("ports: {emulatedAws: {dev: 5601}}", ["ports", "5601 is given to two things"]),
        ("networks: {bridge: 10.89.0.7/24}", ["networks.bridge", "not a valid IPv4 network"]),
        ("networks: {bridge: 10.89.0.0/25}", ["bridge 10.89.0.0/25", "/24"]),
        ("networks: {pods: 10.90.0.0/20}", ["pods 10.90.0.0/20", "/16"]),
        ("networks: {services: 10.90.128.0/17}", ["10.90.0.0/16 and 10.90.128.0/17 overlap"]),
        ("networks: {elsewhere: 10.90.3.1}", ["elsewhere 10.90.3.1 is in 10.90.0.0/16"]),
        ("networks: {elsewhere: 127.0.0.9}", ["elsewhere 127.0.0.9 is in 127.0.0.0/8"]),
        ("ports: {faultsReceiver: 8080}", ["8080 is given to two things"]),
        ("ports: [8080]", ["ports"]),
        ("ports: {edge: ", ["cannot be read"]),
    ],
)
def test_a_wrong_setting_is_refused_with_the_file_the_field_and_the_remedy(
    tmp_path: Path, text: str, told: list[str]
) -> None:
    file = write(tmp_path, text)
    with pytest.raises(AddressError) as refused:
        load(file)
    for words in (str(file), *told, "orrect it, or remove it"):
        assert words in str(refused.value)


def test_a_command_with_a_wrong_file_ends_with_one_line_and_no_trace(tmp_path: Path) -> None:
    """Read when the command starts, so in a mount namespace whose file this is."""
    file = write(tmp_path, "ports: {edge: no}")
    script = """
        mount -t tmpfs none /mnt
        mkdir -p /mnt/upper/patchbay /mnt/work
        cp "$1" /mnt/upper/patchbay/addresses.yaml
        mount -t overlay -o lowerdir=/etc,upperdir=/mnt/upper,workdir=/mnt/work none /etc
        exec "$2" -m patchbay_local env
    """
    done = subprocess.run(
        ["unshare", "--mount", "bash", "-ec", script, "bash", str(file), sys.executable],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: /etc/patchbay/addresses.yaml: ports.edge: ")
    assert len(done.stderr.splitlines()) == 1


def test_the_documented_file_is_the_defaults(tmp_path: Path) -> None:
    page = (paths.REPOSITORY / "docs" / "machine.md").read_text()
    example = page.partition("```yaml\n")[2].partition("```")[0]
    assert "edge:" in example
    assert load(write(tmp_path, example)) == Addresses()
