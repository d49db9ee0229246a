"""What every pod of the platform has in common: labels, the `restricted` security context, probes, resources."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

import pulumi
from pulumi_kubernetes.core.v1 import (
    CapabilitiesArgs,
    ConfigMap,
    ConfigMapVolumeSourceArgs,
    HTTPGetActionArgs,
    PodSecurityContextArgs,
    PodSpecArgs,
    PodTemplateSpecArgs,
    ProbeArgs,
    ResourceRequirementsArgs,
    SeccompProfileArgs,
    SecurityContextArgs,
    Service,
    ServiceAccount,
    ServicePortArgs,
    ServiceSpecArgs,
    TopologySpreadConstraintArgs,
    VolumeArgs,
    VolumeMountArgs,
)
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs
from pulumi_kubernetes.policy.v1 import PodDisruptionBudget, PodDisruptionBudgetSpecArgs

# The user of every image of ours; KEDA's own manifests set theirs.
USER_ID: Final = 10001

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


def http_probe(path: str, port: int, *, period_seconds: int, failure_threshold: int = 3) -> ProbeArgs:
    return ProbeArgs(
        http_get=HTTPGetActionArgs(path=path, port=port),
        period_seconds=period_seconds,
        failure_threshold=failure_threshold,
        timeout_seconds=2,
    )


class NativeFiles:
    """A ConfigMap of native configuration files, and the checksum that rolls the pods which read it."""

    def __init__(
        self, name: str, namespace: pulumi.Input[str], files: Mapping[str, str], opts: pulumi.ResourceOptions
    ) -> None:
        self._resource = ConfigMap(
            name, metadata=ObjectMetaArgs(name=name, namespace=namespace), data=dict(files), opts=opts
        )
        self._name = name
        content = "\0".join(f"{file}\0{text}" for file, text in sorted(files.items()))
        self.checksum = {"patchbay.dev/config-checksum": hashlib.sha256(content.encode()).hexdigest()}

    @property
    def dependency(self) -> pulumi.Resource:
        return self._resource

    def volume(self, name: str = "config") -> VolumeArgs:
        return VolumeArgs(name=name, config_map=ConfigMapVolumeSourceArgs(name=self._name))


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


def service_account(name: str, namespace: pulumi.Input[str], opts: pulumi.ResourceOptions) -> ServiceAccount:
    """No pod gets a token of it unless its pod spec asks for one."""
    return ServiceAccount(
        name,
        metadata=ObjectMetaArgs(name=name, namespace=namespace, labels=labels(name)),
        automount_service_account_token=False,
        opts=opts,
    )


def service(
    name: str,
    namespace: pulumi.Input[str],
    selector: Mapping[str, str],
    port: ServicePortArgs,
    opts: pulumi.ResourceOptions,
    *,
    type: Literal["ClusterIP", "NodePort", "Headless"] = "ClusterIP",  # noqa: A002 - as Kubernetes names it
) -> Service:
    """A name for pods. `Headless`: it resolves to the address of each ready pod."""
    spec = ServiceSpecArgs(selector=dict(selector), ports=[port])
    if type == "Headless":
        spec.cluster_ip = "None"
    else:
        spec.type = type
    return Service(
        name,
        metadata=ObjectMetaArgs(
            name=name,
            namespace=namespace,
            labels=dict(selector),
            # What depends on the pods waits for their Deployment; a Service that waited for them as well would hold
            # one of the engine's few places meanwhile.
            annotations={"pulumi.com/skipAwait": "true"},
        ),
        spec=spec,
        opts=opts,
    )


def disruption_budget(
    name: str, namespace: pulumi.Input[str], selector: Mapping[str, str], opts: pulumi.ResourceOptions
) -> PodDisruptionBudget:
    """One pod at a time may be evicted, so that nodes can be drained even where a workload has one pod."""
    return PodDisruptionBudget(
        name,
        metadata=ObjectMetaArgs(name=name, namespace=namespace, labels=dict(selector)),
        spec=PodDisruptionBudgetSpecArgs(max_unavailable=1, selector=LabelSelectorArgs(match_labels=dict(selector))),
        opts=opts,
    )
