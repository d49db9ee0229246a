"""The closing tables of `make up`."""

import json
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from patchbay_local.build.images import build as images
from patchbay_local.build.images.catalogue import DEPLOYED
from patchbay_local.commands import proof
from patchbay_local.commands.progress import short_duration
from patchbay_local.kubernetes.edge import edge
from patchbay_local.machine import paths


def print_images(console: Console) -> None:
    """The images' sizes: unpacked on a node, and as fetched by one."""
    records = images.records()
    sizes = ", ".join(
        f"{image.name} {records[image.name].unpacked / 1e6:.0f}/{records[image.name].transfer / 1e6:.0f}"
        for image in DEPLOYED
        if image.name in records
    )
    console.print(f"      images, MB unpacked/fetched: {sizes}", highlight=False, soft_wrap=True)


def print_verdict(console: Console, seconds: Mapping[str, float], total: float, *, passed: bool | None) -> None:
    """Time per step and in total, what the proof found (None: it was not asked for), and where to look."""
    table = Table(title="Patchbay on this machine", title_justify="left")
    table.add_column("step")
    table.add_column("time", justify="right")
    table.add_column("result")
    for name, value in seconds.items():
        table.add_row(name, short_duration(value), proof_summary(passed) if name == "proof" else "done")
    table.add_section()
    table.add_row("in all", short_duration(total), "")
    console.print(table)
    places = {
        "gateway": f"{edge.URL}/api/ /hooks/ /horizon/",
        "key": f"{paths.ADMINISTRATOR_KEY}, the API's administrator",
        "this shell": 'eval "$(make -s env)", then kubectl and pulumi -s local',
        "logs": str(paths.LOGS),
    }
    if passed is not None:
        places["report"] = str(proof.LATEST / "report.html")
    for name, place in places.items():
        console.print(f"{name + ':':<12}{place}", markup=False, highlight=False)


def proof_summary(passed: bool | None) -> str:
    """The proof in a few words, from its own result file."""
    if passed is None:
        return "left out"
    steps = _result().get("steps", [])
    reached = ", ".join(f"{step['processes']} → {step['reached_pods']}" for step in steps)
    return (
        f"{'passed' if passed else 'FAILED'}: processes → pods {reached}"
        if reached
        else "passed"
        if passed
        else "FAILED"
    )


def _result() -> dict[str, Any]:
    try:
        loaded = json.loads((proof.LATEST / "result.json").read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return loaded if isinstance(loaded, dict) else {}
