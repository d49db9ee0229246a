"""Runs the system's programs with errors that say what failed."""

import subprocess
from collections.abc import Mapping, Sequence


class HostError(RuntimeError):
    """A change of the host failed; the message names the command and its own words."""


def run(
    argv: Sequence[str],
    *,
    stdin: str | None = None,
    timeout_seconds: float = 30,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Standard output of a command that must succeed."""
    try:
        done = subprocess.run(
            list(argv),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
            check=False,
            env=None if environment is None else dict(environment),
        )
    except FileNotFoundError as error:
        raise HostError(f"{argv[0]}: not found on PATH; install its package") from error
    except subprocess.TimeoutExpired as error:
        raise HostError(f"{' '.join(argv)}: gave no answer in {timeout_seconds:.0f} s") from error
    if done.returncode != 0:
        raise HostError(f"{' '.join(argv)}: exit {done.returncode}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def succeeds(argv: Sequence[str], *, timeout_seconds: float = 30) -> bool:
    """Whether a command exits with 0; for undoing what may be gone already."""
    try:
        run(argv, timeout_seconds=timeout_seconds)
    except HostError:
        return False
    return True
