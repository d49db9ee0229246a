"""The proof's command for a cluster's kubeconfig comes from the state, and is held to what the program writes there."""

from pathlib import Path

import pytest
from patchbay_operations.smoke.child import ChildError
from patchbay_operations.smoke.proof import kubeconfig_command, proof_command
from patchbay_operations.smoke.stack_file import load

REPOSITORY = Path(__file__).resolve().parents[3]
FILE = Path("kubeconfig")


def test_the_environments_own_command_writes_the_kubeconfig() -> None:
    command = "aws eks update-kubeconfig --region eu-central-1 --name patchbay-dev-shared"
    made = kubeconfig_command({"kubeconfigCommands": {"shared": command}}, "shared", FILE)
    assert made == [*command.split(), "--kubeconfig", "kubeconfig", "--alias", "shared"]


@pytest.mark.parametrize("command", ["sh -c 'true'", "aws iam create-user", ""])
def test_any_other_command_in_the_state_is_refused(command: str) -> None:
    with pytest.raises(ChildError, match="is no `aws eks update-kubeconfig`"):
        kubeconfig_command({"kubeconfigCommands": {"shared": command}}, "shared", FILE)


def test_the_proof_takes_the_key_that_the_new_cluster_has_made(tmp_path: Path) -> None:
    stack = load(REPOSITORY / "Pulumi.dev.yaml")
    command = proof_command(stack, tmp_path / "kubeconfig", report=tmp_path, short=True)
    assert "--key-from-cluster" in command
    # A key among the arguments could be read by every process of the machine.
    assert not [word for word in command if "pbk_" in word or word.startswith("--token")]
