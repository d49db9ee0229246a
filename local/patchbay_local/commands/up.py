"""`make up`: from a bare machine to a proven platform, going on from wherever the last run stopped."""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console

from patchbay_local.build.images import build as images
from patchbay_local.build.images import catalogue, node_registry, registry
from patchbay_local.build.tools import build as tools
from patchbay_local.build.tools.modules import KUBERNETES_PROVIDER, PULUMI
from patchbay_local.build.tools.prepare import prepare
from patchbay_local.commands import administrator, proof, verdict
from patchbay_local.commands.plan import durations, make_plan, modules
from patchbay_local.commands.progress import Progress
from patchbay_local.deploy import environments
from patchbay_local.deploy.emulation import empty_unless_deployed
from patchbay_local.kubernetes.cluster.cluster import Cluster
from patchbay_local.kubernetes.cluster.spec import ClusterImages, ClusterSpec
from patchbay_local.kubernetes.edge import edge
from patchbay_local.kubernetes.network_policy import daemon as network_policy
from patchbay_local.kubernetes.nodes import daemon as agent
from patchbay_local.kubernetes.nodes.cloud import Cloud
from patchbay_local.kubernetes.nodes.local_nodes import LocalNodes
from patchbay_local.kubernetes.nodes.readiness import wait_until_ready
from patchbay_local.machine import checkout, packages, paths, preflight
from patchbay_local.machine.journal import open_journal
from patchbay_local.machine.mounts import remove_leftovers
from patchbay_local.machine.programs import terminate_all
from patchbay_local.machine.single_run import only_one


@dataclass(frozen=True)
class Options:
    """What a caller of `up` may choose."""

    skip_proof: bool = False
    short_proof: bool = False


def up(console: Console, options: Options) -> bool:
    """Bring everything up; True unless the proof failed."""
    began = time.monotonic()
    with only_one("make up"):
        environments.require_agreement()
        # Before the free space is measured.
        remove_leftovers(lambda text: console.print(text, highlight=False, markup=False, soft_wrap=True))
        for warning in preflight.check(preflight.measure()):
            console.print(f"warning: {warning}", markup=False)
        checkout.claim()
        registry.end_leftover(open_journal())
        progress = Progress(console, make_plan(skip_proof=options.skip_proof), durations())
        _install_packages(progress)
        with _building_images_beside(progress) as from_packages:
            _build_tools(progress)
            _build_images(progress, from_packages)
        spec = ClusterSpec(images=ClusterImages.from_lock())
        _update_stack(progress, _start_cluster(progress, spec))
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
        step.detail = prepare(wanted, step.update, step.warn)
        for module in (PULUMI, KUBERNETES_PROVIDER):
            if module not in wanted:
                tools.unlink(module)


def _build_images(progress: Progress, from_packages: Future[None]) -> None:
    from_packages.result()
    with progress.step("images") as step:
        images.build_all(catalogue.FROM_TOOLS, step.update)
        if not paths.KUBECONFIG.exists():
            # Without a cluster nothing can still ask for the images that no tag names any more.
            registry.collect_garbage()
        step.detail = f"{len(images.write_lock())} images locked"


def _start_cluster(progress: Progress, spec: ClusterSpec) -> Cluster:
    journal = open_journal()
    with progress.step("cluster") as step:
        node_registry.up(journal)
        cluster = Cluster(spec, progress=step.update, journal=journal)
        cluster.up()
        # Before the first node: no pod runs without its policies.
        network_policy.up(journal)
    with progress.step("edge"):
        edge.up(journal)
    with progress.step("aws") as step:
        emulator = environments.emulator()
        empty_unless_deployed(emulator, environments.local(), journal, step.warn)
        emulator.up(journal)
        environments.make_people()
        agent.up(journal, environments.aws_variables())
    return cluster


def _update_stack(progress: Progress, cluster: Cluster) -> None:
    with progress.step("pulumi") as step:
        proof.put_back()
        # Its node groups come with the rest of AWS; what is put on the cluster waits for their nodes.
        step.detail = environments.local().up(step.update)
        administrator.keep_key()
    with progress.step("nodes") as step:
        cloud = Cloud(environments.access())
        nodes = LocalNodes(open_journal(), cluster.images)
        step.detail = f"{wait_until_ready(cloud, nodes, step.update)} nodes"
        cluster.wait_for_dns()
        edge.wait_until_answering()


def _prove(progress: Progress, spec: ClusterSpec, *, short: bool) -> bool:
    with progress.step("proof"):
        return proof.run(hpa_sync_seconds=spec.hpa_sync_seconds, short=short)
