"""The rules that carry the catalogue's numbers to the native rule files."""

from collections.abc import Sequence
from typing import Final

import yaml
from patchbay_runtime.catalog import Shape

# The native ones.
RULE_FILES: Final = (
    "recording.yml",
    "alerts-scaling.yml",
    "alerts-nodes.yml",
    "alerts-workers.yml",
    "alerts-platform.yml",
)


def thresholds(shapes: Sequence[Shape]) -> str:
    """A rule file: each shape's process threshold and maximum of pods as series, so that other rules can join them."""
    rules = [
        {"record": record, "expr": f"vector({value})", "labels": {"shape": shape.name}}
        for shape in shapes
        for record, value in (
            ("patchbay:shape_processes:threshold", shape.threshold),
            ("patchbay:shape_pods:maximum", shape.max_pods),
        )
    ]
    return yaml.safe_dump({"groups": [{"name": "thresholds", "interval": "2s", "rules": rules}]}, sort_keys=False)


def desired_pods(shape: Shape) -> str:
    """The query that a shape is scaled by: the recording rule's series.

    Empty, not zero, when the counts are lost: the autoscaler then holds what runs.
    """
    return f'patchbay:shape_pods:desired{{shape="{shape.name}"}}'
