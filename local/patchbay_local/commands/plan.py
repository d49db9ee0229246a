"""The steps of `make up`, and how long each takes on a first run."""

from typing import Final

from patchbay_local.build.images import build as images
from patchbay_local.build.images import catalogue
from patchbay_local.build.tools.modules import CLUSTER, KUBERNETES_PROVIDER, PULUMI, GoModule
from patchbay_local.build.tools.prepare import all_there
from patchbay_local.commands.progress import Durations, Planned
from patchbay_local.deploy.environments import local
from patchbay_local.deploy.stack import pulumi
from patchbay_local.machine import packages, paths

# Seconds, measured on 2 cores; the durations of the last run take their place.
FIRST_RUN: Final = {
    "packages:install": 60,
    "tools:build": 1200,
    "images:build": 30,
    "images from packages:build": 150,
    "cluster:start": 10,
    "cluster:running": 2,
    "pulumi:create": 120,
    "pulumi:update": 20,
    "proof": 90,
}


def durations() -> Durations:
    """The durations of earlier runs on this machine."""
    return Durations(paths.CACHE / "durations.json", FIRST_RUN)


def modules() -> list[GoModule]:
    """The Go modules whose programs are needed: Pulumi's only where the machine has no complete CLI."""
    return [CLUSTER] if pulumi.installed_cli() else [CLUSTER, PULUMI, KUBERNETES_PROVIDER]


def make_plan(*, skip_proof: bool) -> list[Planned]:
    """Look at what is there already, and say which steps are to come."""
    plan = [
        Planned("packages", "Debian packages", "install" if packages.missing() else "present"),
        Planned(
            "images from packages",
            "the Debian base, and the runtime, Redis, MariaDB, Prometheus and HAProxy on it",
            _images_kind(catalogue.FROM_PACKAGES),
            background=True,
        ),
        Planned("tools", "Kubernetes, KEDA, CoreDNS, the JSON exporter and Pulumi, downloaded or built", _tools_kind()),
        Planned("images", "images of the built programs, and the lock of digests", _images_kind(catalogue.FROM_TOOLS)),
        Planned("cluster", "registry and control plane", "running" if paths.KUBECONFIG.exists() else "start"),
        Planned("edge", "the load balancer's stand-in on loopback"),
        Planned("aws", "an emulated AWS account on loopback, and the agent that makes nodes of its instances"),
        Planned("pulumi", "pulumi up -s local", "update" if local().exists() else "create"),
        Planned("nodes", "a Ready node for each instance, cluster DNS, the gateway"),
    ]
    if not skip_proof:
        plan.append(Planned("proof", "Locust drives a flow, pods must follow its processes"))
    return plan


def _tools_kind() -> str:
    return "present" if all_there(modules()) else "build"


def _images_kind(candidates: tuple[catalogue.Image, ...]) -> str:
    return "present" if all(images.is_current(image) for image in candidates) else "build"
