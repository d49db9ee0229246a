"""A Pulumi stack in a directory of its own, driven through the real CLI."""

import json
import re
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROJECT = {"name": "tests", "runtime": {"name": "python", "options": {"virtualenv": sys.prefix}}}
RUN_SECONDS = 180
# As the root program: most of what a small program costs is looking through the SDK's modules for garbage.
NO_COLLECTIONS = "import atexit, gc; gc.disable(); atexit.register(gc.freeze)\n"


@dataclass(frozen=True)
class Result:
    """What the CLI did."""

    status: int
    output: str

    def count(self, step: str) -> int:
        """How many resources the summary reports for a step, such as `create` or `unchanged`."""
        found = re.search(rf"(\d+) (?:to )?{step}", self.output)
        return int(found[1]) if found else 0


class Stack:
    """One project with one stack."""

    def __init__(self, directory: Path, pulumi: Path, environment: dict[str, str]) -> None:
        self.directory = directory
        self._pulumi = pulumi
        self._environment = environment
        (directory / "Pulumi.yaml").write_text(json.dumps(PROJECT))
        self.succeed("stack", "init", "organization/tests/test")

    def write(self, program: str) -> None:
        """Replaces the program."""
        (self.directory / "__main__.py").write_text(NO_COLLECTIONS + textwrap.dedent(program))

    def run(self, *arguments: str) -> Result:
        done = subprocess.run(
            # A shell starts what runs in its background with SIGINT ignored, and that is inherited.
            ["env", "--default-signal=INT", str(self._pulumi), *arguments, "--non-interactive", "--color=never"],
            cwd=self.directory,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=RUN_SECONDS,
            check=False,
        )
        return Result(done.returncode, done.stdout)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Starts the CLI, for tests that do something meanwhile."""
        return subprocess.Popen(
            # A shell starts what runs in its background with SIGINT ignored, and that is inherited.
            ["env", "--default-signal=INT", str(self._pulumi), *arguments, "--non-interactive", "--color=never"],
            cwd=self.directory,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def succeed(self, *arguments: str) -> Result:
        result = self.run(*arguments)
        assert result.status == 0, result.output
        return result

    def fail(self, *arguments: str) -> Result:
        result = self.run(*arguments)
        assert result.status != 0, result.output
        return result

    def up(self, program: str) -> Result:
        self.write(program)
        return self.succeed("up", "--yes", "--skip-preview")

    def outputs(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.succeed("stack", "output", "--json", "--show-secrets").output)
        return content

    def state(self) -> str:
        return self.succeed("stack", "export").output
