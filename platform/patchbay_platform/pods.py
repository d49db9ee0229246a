"""What every pod of the platform has in common: labels, the `restricted` security context, probes, resources."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pulumi_kubernetes.core.v1 import (
    CapabilitiesArgs,
    HTTPGetActionArgs,
    PodSecurityContextArgs,
    PodSpecArgs,
    PodTemplateSpecArgs,
    ProbeArgs,
    ResourceRequirementsArgs,
    SeccompProfileArgs,
    SecurityContextArgs,
    TopologySpreadConstraintArgs,
    VolumeMountArgs,
)
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs

# The user of every image of ours; KEDA's own manifests set theirs.
USER_ID: Final = 10001

# Read by the cluster autoscaler, beside disruption budgets. Without it a pod is moved when its node is to go: it is
# told to leave, and finishes what it runs within its grace.
SAFE_TO_EVICT: Final = "cluster-autoscaler.kubernetes.io/safe-to-evict"
# For what would lose data or itself: its node is kept for it.
STAYS: Final[Mapping[str, str]] = {SAFE_TO_EVICT: "false"}

NAME_LABEL: Final = "app.kubernetes.io/name"
SHAPE_LABEL: Final = "patchbay.dev/shape"


def labels(name: str, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    return {NAME_LABEL: name, "app.kubernetes.io/part-of": "patchbay", **(extra or {})}


def pod_security() -> PodSecurityContextArgs:
    return PodSecurityContextArgs(
        run_as_non_root=True,
        run_as_user=USER_ID,
        run_as_group=USER_ID,
        fs_group=USER_ID,
        seccomp_profile=SeccompProfileArgs(type="RuntimeDefault"),
    )


def container_security() -> SecurityContextArgs:
    return SecurityContextArgs(
        allow_privilege_escalation=False,
        read_only_root_filesystem=True,
        capabilities=CapabilitiesArgs(drop=["ALL"]),
    )


def template(
    labels: Mapping[str, str], spec: PodSpecArgs, *, annotations: Mapping[str, str] | None = None
) -> PodTemplateSpecArgs:
    """A pod as the `restricted` level wants it; it gets a token of its service account only where `spec` says so."""
    spec.security_context = pod_security()
    spec.enable_service_links = False
    if spec.automount_service_account_token is None:
        spec.automount_service_account_token = False
    return PodTemplateSpecArgs(metadata=ObjectMetaArgs(labels=dict(labels), annotations=annotations), spec=spec)


def resources(
    *, cpu: str, memory: str, memory_limit: str | None = None, cpu_limit: str | None = None
) -> ResourceRequirementsArgs:
    """Memory is limited to its request unless said otherwise: what is overcommitted is killed at the worst moment."""
    limits = {"memory": memory_limit or memory}
    if cpu_limit is not None:
        limits["cpu"] = cpu_limit
    return ResourceRequirementsArgs(requests={"cpu": cpu, "memory": memory}, limits=limits)


def readiness(path: str, port: int, *, period_seconds: int) -> ProbeArgs:
    return ProbeArgs(
        http_get=HTTPGetActionArgs(path=path, port=port),
        period_seconds=period_seconds,
        failure_threshold=3,
        timeout_seconds=2,
    )


def liveness(path: str, port: int) -> ProbeArgs:
    """For what hangs for a minute. On a node whose processors are all taken, slow is not dead.

    A restart would only take more of them, until every pod of a shape restarts all the time.
    """
    return ProbeArgs(
        http_get=HTTPGetActionArgs(path=path, port=port), period_seconds=10, failure_threshold=6, timeout_seconds=5
    )


def spread(selector: Mapping[str, str]) -> list[TopologySpreadConstraintArgs]:
    """Over zones, then over nodes, as far as there is room."""
    return [
        TopologySpreadConstraintArgs(
            max_skew=1,
            topology_key=key,
            when_unsatisfiable="ScheduleAnyway",
            label_selector=LabelSelectorArgs(match_labels=dict(selector)),
        )
        for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    ]


def mount(name: str, path: str, *, read_only: bool = False) -> VolumeMountArgs:
    return VolumeMountArgs(name=name, mount_path=path, read_only=read_only)


def native(directory: Path, *names: str) -> dict[str, str]:
    """The native files of a component, which stand beside it."""
    return {name: (directory / "native" / name).read_text() for name in names}
