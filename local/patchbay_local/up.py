"""`make up`: from a bare machine to a proven platform, going on from wherever the last run stopped."""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console

from patchbay_local import packages, paths, preflight, proof, verdict
from patchbay_local.cluster.cluster import Cluster
from patchbay_local.cluster.spec import ClusterImages, ClusterSpec
from patchbay_local.commands import terminate_all
from patchbay_local.edge import edge
from patchbay_local.images import build as images
from patchbay_local.images import catalogue, node_registry, registry
from patchbay_local.journal import open_journal
from patchbay_local.plan import durations, make_plan, modules
from patchbay_local.progress import Progress
from patchbay_local.single_run import only_one
from patchbay_local.stack import environments
from patchbay_local.tools import build as tools
from patchbay_local.tools.modules import PULUMI
from patchbay_local.tools.prepare import prepare


@dataclass(frozen=True)
class Options:
    """What a caller of `up` may choose."""

    skip_proof: bool = False
    short_proof: bool = False


def up(console: Console, options: Options) -> bool:
    """Bring everything up; True unless the proof failed."""
    began = time.monotonic()
    with only_one("make up"):
        for warning in preflight.check(preflight.measure()):
            console.print(f"warning: {warning}", markup=False)
        progress = Progress(console, make_plan(skip_proof=options.skip_proof), durations())
        _install_packages(progress)
        with _building_images_beside(progress) as from_packages:
            _build_tools(progress)
            _build_images(progress, from_packages)
        spec = ClusterSpec(images=ClusterImages.from_lock())
        _start_cluster(progress, spec)
        _update_stack(progress)
        verdict.print_images(console)
        passed = options.skip_proof or _prove(progress, spec, short=options.short_proof)
        verdict.print_verdict(
            console, progress.seconds, time.monotonic() - began, passed=None if options.skip_proof else passed
        )
        return passed


def _install_packages(progress: Progress) -> None:
    with progress.step("packages") as step:
        if missing := packages.missing():
            packages.install(missing, step.update)


@contextmanager
def _building_images_beside(progress: Progress) -> Iterator[Future[None]]:
    """Images that need no program of ours are built while the programs compile."""

    def build() -> None:
        with progress.step("images from packages") as step:
            images.build_all(catalogue.FROM_PACKAGES, step.update)
            step.detail = ""

    with ThreadPoolExecutor(max_workers=1) as pool:
        try:
            yield pool.submit(build)
        except BaseException:
            terminate_all()
            raise


def _build_tools(progress: Progress) -> None:
    with progress.step("tools") as step:
        wanted = modules()
        step.detail = prepare(wanted, step.update)
        if PULUMI not in wanted:
            tools.unlink(PULUMI)


def _build_images(progress: Progress, from_packages: Future[None]) -> None:
    from_packages.result()
    with progress.step("images") as step:
        images.build_all(catalogue.FROM_TOOLS, step.update)
        if not paths.KUBECONFIG.exists():
            # Without a cluster nothing can still ask for the images that no tag names any more.
            registry.collect_garbage()
        step.detail = f"{len(images.write_lock())} images locked"


def _start_cluster(progress: Progress, spec: ClusterSpec) -> None:
    journal = open_journal()
    with progress.step("cluster") as step:
        node_registry.up(journal)
        cluster = Cluster(spec, progress=step.update, journal=journal)
        cluster.up()
        step.detail = f"{len(spec.nodes)} nodes"
    with progress.step("edge"):
        edge.up(journal, {node.name: node.address for node in cluster.status().nodes})


def _update_stack(progress: Progress) -> None:
    with progress.step("aws"):
        environments.emulator().up(open_journal())
    with progress.step("pulumi") as step:
        step.detail = environments.local().up(step.update)
        edge.wait_until_answering()


def _prove(progress: Progress, spec: ClusterSpec, *, short: bool) -> bool:
    with progress.step("proof"):
        return proof.run(hpa_sync_seconds=spec.hpa_sync_seconds, short=short)
