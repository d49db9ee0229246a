"""The programs of some Go modules: downloaded where they can be, else built with Go, as far as that is needed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from patchbay_local.build.tools import build as tools
from patchbay_local.build.tools import go
from patchbay_local.build.tools.build import Report
from patchbay_local.build.tools.download import Downloads, Warn
from patchbay_local.build.tools.modules import CLUSTER, GoModule


@dataclass(frozen=True)
class _Parts:
    """A module's programs: those that were downloaded, by link, and what Go builds of the rest."""

    downloaded: Mapping[str, Path]
    labels: tuple[str, ...]  # of what was downloaded
    rest: GoModule

    def are_there(self, toolchain: go.Go | None) -> bool:
        """Whether nothing is left to be done."""
        return not self.rest.packages or (toolchain is not None and tools.is_built(self.rest, toolchain))


def prepare(wanted: Sequence[GoModule], report: Report, warn: Warn, downloads: Downloads | None = None) -> str:
    """Download or build the modules' programs and link them; return which of both was done for which.

    What was built once is not downloaded later.
    """
    downloads = downloads or Downloads()
    toolchain = _toolchain(wanted)
    missing = {module.name for module in wanted if _at_hand(module, downloads, toolchain) is None}
    downloads.fetch([release for release in downloads.releases if release.module.name in missing], report, warn)
    parts = [_at_hand(module, downloads, toolchain) or _downloaded(module, downloads) for module in wanted]
    if toolchain is None and (CLUSTER in wanted or any(part.rest.packages for part in parts)):
        report("fetching Go", None)
        toolchain = go.install(_required(wanted))
    programs: dict[str, Path] = {name: path for part in parts for name, path in part.downloaded.items()}
    if toolchain:
        programs |= _build([part.rest for part in parts if part.rest.packages], toolchain, report)
    tools.link(programs)
    downloads.tidy()
    if toolchain and CLUSTER in wanted:
        tools.copy_keda_configuration(toolchain)
    return _summary(parts, toolchain)


def all_there(wanted: Sequence[GoModule], downloads: Downloads | None = None) -> bool:
    """Whether nothing has to be downloaded or compiled."""
    downloads = downloads or Downloads()
    toolchain = _toolchain(wanted)
    return all(_at_hand(module, downloads, toolchain) is not None for module in wanted)


def _at_hand(module: GoModule, downloads: Downloads, toolchain: go.Go | None) -> _Parts | None:
    """The parts that make the module complete as it is, all of it built or some of it downloaded; else None."""
    for parts in (_Parts({}, (), module), _downloaded(module, downloads)):
        if parts.are_there(toolchain):
            return parts
    return None


def _downloaded(module: GoModule, downloads: Downloads) -> _Parts:
    unpacked = downloads.unpacked(module)
    links = {program: place / program for release, place in unpacked for program in release.programs}
    labels = tuple(f"{release.name} {release.version}" for release, _ in unpacked)
    return _Parts(links, labels, module.without(links))


def _build(modules: Sequence[GoModule], toolchain: go.Go, report: Report) -> dict[str, Path]:
    """The links of all the modules' programs. A module's share of the time is its share of what is to be compiled."""
    to_compile: dict[str, set[str]] = {}
    for module in modules:
        if not tools.is_built(module, toolchain):
            report(f"{module.name}: reading the module graph", None)
            packages = tools.packages_to_compile(module, toolchain, report)
            to_compile[module.name] = packages.difference(*to_compile.values())
    in_all = sum(map(len, to_compile.values()))
    programs: dict[str, Path] = {}
    done = 0
    for module in modules:
        share = len(to_compile.get(module.name, ()))

        def within(
            detail: str, fraction: float, *, name: str = module.name, before: int = done, share: int = share
        ) -> None:
            report(f"{name}: {detail}", (before + fraction * share) / max(1, in_all))

        output = tools.build(module, toolchain, within, share)
        programs |= {name: output / file for name, file in module.links.items()}
        done += share
    return programs


def _summary(parts: Sequence[_Parts], toolchain: go.Go | None) -> str:
    downloaded = [label for part in parts for label in part.labels]
    built = [name for part in parts for name in part.rest.links]
    said = []
    if downloaded:
        said.append(f"downloaded {', '.join(downloaded)}")
    if built and toolchain:
        said.append(f"built {', '.join(built) if downloaded else 'all'} with {toolchain.version}")
    return "; ".join(said)


def _required(wanted: Sequence[GoModule]) -> go.Version:
    return go.required_version([module.directory for module in wanted])


def _toolchain(wanted: Sequence[GoModule]) -> go.Go | None:
    return go.find(_required(wanted))
