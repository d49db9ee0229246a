"""The proofs and load tests as commands of this machine."""

from collections.abc import Callable
from typing import Any

import pytest
from patchbay_local.commands import proof
from rich.console import Console


@pytest.mark.parametrize("command", [proof.compare, proof.nodes, proof.load], ids=["compare", "nodes", "load"])
@pytest.mark.parametrize("arguments", [["--hpa-sync-seconds", "15"], ["--hpa-sync-seconds=15"]], ids=["two", "one"])
def test_nobody_claims_another_sync_period_than_the_clusters(
    command: Callable[[Console, list[str]], Any], arguments: list[str]
) -> None:
    with pytest.raises(RuntimeError, match=r"--hpa-sync-seconds is set by this command, .*leave it out"):
        command(Console(), arguments)
