"""Go, and every program of some modules: fetched, built and linked as far as that is needed."""

from collections.abc import Sequence

from patchbay_local.build.tools import build as tools
from patchbay_local.build.tools import go
from patchbay_local.build.tools.build import Report
from patchbay_local.build.tools.modules import CLUSTER, GoModule


def prepare(wanted: Sequence[GoModule], report: Report) -> str:
    """Build the modules' programs; return Go's version."""
    needed = go.required_version([module.directory for module in wanted])
    toolchain = go.find(needed)
    if toolchain is None:
        report("fetching Go", None)
        toolchain = go.install(needed)
    done = 0.0
    built = []
    for module in wanted:
        share = module.weight / sum(each.weight for each in wanted)

        def within(detail: str, fraction: float | None, *, name: str = module.name, before: float = done) -> None:
            report(f"{name}: {detail}", None if fraction is None else before + fraction * share)  # noqa: B023

        built.append((module, tools.build(module, toolchain, within)))
        done += share
    tools.link(built)
    if CLUSTER in wanted:
        tools.copy_keda_configuration(toolchain)
    return toolchain.version


def all_built(wanted: Sequence[GoModule]) -> bool:
    """Whether nothing has to be compiled."""
    toolchain = go.find(go.required_version([module.directory for module in wanted]))
    return toolchain is not None and all(tools.is_built(module, toolchain) for module in wanted)
