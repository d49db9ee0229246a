"""What the installed Pulumi SDK packages ask for: a provider's version, and the program that runs programs."""

import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final

# Beside the CLI.
PYTHON_EXECUTE: Final = "pulumi-language-python-exec"


def sdk_version(name: str) -> str:
    """The version of the installed SDK package of a provider, which is the one that programs ask for."""
    spec = find_spec(f"pulumi_{name}")
    if spec is None or spec.origin is None:
        message = f"the package pulumi-{name} is not installed in {sys.prefix}: install the `infra` extra"
        raise RuntimeError(message)
    return str(json.loads(Path(spec.origin).with_name("pulumi-plugin.json").read_text())["version"])
