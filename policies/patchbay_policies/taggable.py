"""Which types of AWS resources take tags: those whose arguments in the SDK have `tags`.

The list is kept beside the pack, which runs without the SDK. `python -m patchbay_policies.taggable` makes it anew.
"""

import re
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

LIST: Final = Path(__file__).parent / "native" / "taggable.txt"
_TOKEN: Final = re.compile(
    r'^@pulumi\.type_token\("(aws:[^"]+)"\)\nclass (\w+)\(pulumi\.CustomResource\)', re.MULTILINE
)
_TAGS: Final = "    def tags(self"


@cache
def types() -> frozenset[str]:
    """The types that the list names."""
    return frozenset(LIST.read_text().split())


def of_sdk() -> list[str]:
    """The same of the SDK that is installed, from its sources: to import all of it takes minutes."""
    spec = find_spec("pulumi_aws")
    if spec is None or spec.origin is None:
        raise RuntimeError("the package pulumi-aws is not installed: install the extra `infra`")
    return sorted(token for file in Path(spec.origin).parent.rglob("*.py") for token in _taggable(file.read_text()))


def _taggable(source: str) -> Iterator[str]:
    for token, name in _TOKEN.findall(source):
        arguments = source.partition(f"\nclass {name}Args")[2].partition("\nclass ")[0]
        if _TAGS in arguments:
            yield token


if __name__ == "__main__":
    LIST.parent.mkdir(exist_ok=True)
    LIST.write_text("".join(f"{token}\n" for token in of_sdk()))
