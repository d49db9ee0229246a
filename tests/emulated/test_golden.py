"""Each stack consists of what its golden file says; a change of the program shows in the file's difference."""

import yaml

from tests.emulated.deployment import Deployment
from tests.emulated.golden import COMMAND, contents, golden_file


def test_the_stack_is_what_its_golden_file_says(deployment: Deployment) -> None:
    stack = deployment.emulation.config.stack
    file = golden_file(stack)
    found = contents(deployment)
    wanted = yaml.safe_load(file.read_text()) if file.exists() else {}
    different = {
        f"{part}.{key}": (found[part].get(key), wanted.get(part, {}).get(key))
        for part in found
        for key in {**found[part], **wanted.get(part, {})}
        if found[part].get(key) != wanted.get(part, {}).get(key)
    }
    assert not different, f"found and wanted differ; review it, then write the file with `{COMMAND} {stack}`"
