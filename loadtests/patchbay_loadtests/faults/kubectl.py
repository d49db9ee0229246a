"""kubectl, with a bound on its time."""

import asyncio
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path

from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.faults.machine import place


class Kubectl:
    """Changes to the cluster as a person makes them."""

    def __init__(self, kubeconfig: Path, context: str | None = None) -> None:
        program = str(place.KUBECTL) if place.KUBECTL.exists() else "kubectl"
        self._command = [program, f"--kubeconfig={kubeconfig}"]
        if context is not None:
            self._command.append(f"--context={context}")

    async def __call__(self, *arguments: str, stdin: str | None = None, seconds: float = 30) -> str:
        """Standard output; UnusableEnvironmentError where it fails or takes too long."""
        process = await asyncio.create_subprocess_exec(
            *self._command, *arguments, stdin=DEVNULL if stdin is None else PIPE, stdout=PIPE, stderr=PIPE
        )
        try:
            async with asyncio.timeout(seconds):
                output, errors = await process.communicate(None if stdin is None else stdin.encode())
        except TimeoutError:
            raise UnusableEnvironmentError(f"kubectl {' '.join(arguments)}: no end within {seconds:.0f} s") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            reason = errors.decode(errors="replace").strip()[-500:]
            raise UnusableEnvironmentError(f"kubectl {' '.join(arguments)}: {reason}")
        return output.decode()
