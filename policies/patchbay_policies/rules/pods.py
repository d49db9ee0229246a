"""What a pod's template says: security, resources, probes, images."""

from collections.abc import Iterator
from typing import Any, Final

from patchbay_policies.model import UNKNOWN, Environment, Resource, ResourceRule
from patchbay_policies.reading import at, given, holds, items, joined, undecided

DEPLOYMENT: Final = "kubernetes:apps/v1:Deployment"
STATEFUL_SET: Final = "kubernetes:apps/v1:StatefulSet"
DAEMON_SET: Final = "kubernetes:apps/v1:DaemonSet"
JOB: Final = "kubernetes:batch/v1:Job"
CRON_JOB: Final = "kubernetes:batch/v1:CronJob"
POD: Final = "kubernetes:core/v1:Pod"

LONG_RUNNING: Final = frozenset({DEPLOYMENT, STATEFUL_SET, DAEMON_SET})
WORKLOADS: Final = frozenset({*LONG_RUNNING, "kubernetes:apps/v1:ReplicaSet", JOB, CRON_JOB, POD})

# The volume types of the `restricted` level: https://kubernetes.io/docs/concepts/security/pod-security-standards/
_VOLUMES: Final = frozenset(
    {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
)


def template(workload: Resource) -> Any:
    """The pod template of a workload; a Pod is its own."""
    if workload.type == POD:
        return workload.props
    if workload.type == CRON_JOB:
        return at(workload.props, "spec", "jobTemplate", "spec", "template")
    return at(workload.props, "spec", "template")


def pod(workload: Resource) -> Any:
    return at(template(workload), "spec")


def _containers(spec: Any) -> Iterator[tuple[str, Any]]:
    for kind in ("initContainers", "containers", "ephemeralContainers"):
        for container in items(at(spec, kind)):
            yield f"container {at(container, 'name')}", container


def _restricted(resource: Resource, _: Environment) -> Iterator[str]:
    spec = pod(resource)
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if at(spec, name) is True:
            yield f"it shares the node's namespaces ({name})"
    for volume in items(at(spec, "volumes")):
        kinds = {key for key, value in volume.items() if key != "name" and value is not None}
        if strange := kinds - _VOLUMES:
            yield f"volume {at(volume, 'name')} is a {joined(list(strange))}"
    for name, container in _containers(spec):
        yield from (f"{name} {problem}" for problem in _user(spec, container))
        yield from (f"{name} {problem}" for problem in _privileges(spec, container))


def _user(spec: Any, container: Any) -> Iterator[str]:
    non_root, user = (
        at(spec, "securityContext", name) if own is None else own
        for name in ("runAsNonRoot", "runAsUser")
        for own in [at(container, "securityContext", name)]
    )
    if not holds(non_root, True):
        yield "may run as root (runAsNonRoot)"
    if user == 0:
        yield "runs as user 0"


def _privileges(spec: Any, container: Any) -> Iterator[str]:
    own = at(container, "securityContext")
    if not holds(at(own, "allowPrivilegeEscalation"), False):
        yield "may gain privileges (allowPrivilegeEscalation)"
    if at(own, "privileged") is True:
        yield "is privileged"
    dropped = at(own, "capabilities", "drop")
    if not undecided(dropped) and "ALL" not in items(dropped):
        yield "keeps capabilities (capabilities.drop)"
    if added := set(items(at(own, "capabilities", "add"))) - {"NET_BIND_SERVICE"}:
        yield f"adds capabilities {joined(list(added))}"
    profile = at(own, "seccompProfile", "type") or at(spec, "securityContext", "seccompProfile", "type")
    if profile not in {"RuntimeDefault", "Localhost", UNKNOWN}:
        yield "runs without a seccomp profile"
    if any(given(at(port, "hostPort")) for port in items(at(container, "ports"))):
        yield "takes a port of the node"


def _read_only(resource: Resource, _: Environment) -> Iterator[str]:
    for name, container in _containers(pod(resource)):
        if not holds(at(container, "securityContext", "readOnlyRootFilesystem"), True):
            yield f"{name} can change its own image (readOnlyRootFilesystem)"


def _resources(resource: Resource, _: Environment) -> Iterator[str]:
    for name, container in _containers(pod(resource)):
        for path in (("requests", "cpu"), ("requests", "memory"), ("limits", "memory")):
            if not given(at(container, "resources", *path)):
                yield f"{name} has no {'.'.join(path)}"


def _probes(resource: Resource, _: Environment) -> Iterator[str]:
    for container in items(at(pod(resource), "containers")):
        for probe in ("readinessProbe", "livenessProbe"):
            if not given(at(container, probe)):
                yield f"container {at(container, 'name')} has no {probe}"


def _images(resource: Resource) -> Iterator[tuple[str, str]]:
    for name, container in _containers(pod(resource)):
        image = at(container, "image")
        if isinstance(image, str):
            yield name, image


def _tags(resource: Resource, _: Environment) -> Iterator[str]:
    for name, image in _images(resource):
        if "@sha256:" in image:
            continue
        tag = image.rsplit("/", 1)[-1].partition(":")[2]
        if tag in {"", "latest", "main", "master"}:
            yield f"{name} runs {image}, which is another image tomorrow"


def _digests(resource: Resource, environment: Environment) -> Iterator[str]:
    if not environment.production:
        return
    for name, image in _images(resource):
        if "@sha256:" not in image:
            yield f"{name} runs {image}, which is not named by its digest"


RULES: Final = (
    ResourceRule(
        name="pods-restricted",
        description="Pods keep to Kubernetes' `restricted` security level.",
        remedy="Take the security context that the platform's pods share (patchbay_platform.pods).",
        types=WORKLOADS,
        check=_restricted,
    ),
    ResourceRule(
        name="pods-read-only",
        description="Containers cannot change the file system of their image.",
        remedy="Set readOnlyRootFilesystem, and mount an emptyDir where it must write.",
        types=WORKLOADS,
        check=_read_only,
    ),
    ResourceRule(
        name="pods-have-requests-and-limits",
        description="Containers request CPU and memory, and their memory is limited.",
        remedy="Set resources.requests.cpu, resources.requests.memory and resources.limits.memory.",
        types=WORKLOADS,
        check=_resources,
    ),
    ResourceRule(
        name="pods-have-probes",
        description="Kubernetes sees when a long-running container is ready, and when it hangs.",
        remedy="Set readinessProbe and livenessProbe.",
        types=LONG_RUNNING,
        check=_probes,
    ),
    ResourceRule(
        name="no-moving-tags",
        description="No image is named by a tag that moves, such as `latest`.",
        remedy="Name the image by its digest, or by a tag that is never pushed again.",
        types=WORKLOADS,
        check=_tags,
    ),
    ResourceRule(
        name="images-by-digest-in-production",
        description="In production every image is named by its digest.",
        remedy="Take the image from the lock file of digests.",
        types=WORKLOADS,
        check=_digests,
    ),
)
