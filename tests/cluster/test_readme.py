"""What the README tells a reader to type does what the README says."""

import json
import re
import subprocess

from lightkube import Client
from patchbay_local.machine import paths

README = (paths.REPOSITORY / "README.md").read_text()


def test_the_readmes_flow_is_registered_and_answers_with_its_greeting(kubernetes: Client) -> None:
    assert kubernetes
    block = next(block for block in re.findall(r"```console\n(.*?)```", README, re.S) if "curl" in block)
    done = subprocess.run(["bash", "-e", "-c", block], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answers = re.findall(r"\{.*?\}(?=\{|$)", done.stdout, re.S)
    run = json.loads(answers[-1])
    assert run["status"] == "completed"
    assert run["output"] == {"greeting": "Hello reader"}
