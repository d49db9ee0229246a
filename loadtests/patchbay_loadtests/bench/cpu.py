"""CPU time that the environment's own processes have used, from their `/metrics`."""

from collections.abc import Mapping

from patchbay_loadtests.core.cluster import Cluster
from patchbay_loadtests.core.errors import UnusableEnvironmentError

CPU_METRIC = "process_cpu_seconds_total"
PORTS: Mapping[str, int] = {"worker": 9100, "api": 8000}


async def cpu_seconds(cluster: Cluster, namespace: str, program: str) -> dict[str, float]:
    """CPU seconds of each running pod of a program (`worker` or `api`), by pod name."""
    pods = await cluster.pods(namespace, {"app.kubernetes.io/name": program})
    found: dict[str, float] = {}
    for pod in pods:
        if pod["status"].get("phase") == "Running" and "deletionTimestamp" not in pod["metadata"]:
            name = pod["metadata"]["name"]
            found[name] = cpu_in(await cluster.through_pod(namespace, name, PORTS[program], "/metrics"), name)
    return found


def cpu_in(metrics: str, pod: str) -> float:
    """The CPU seconds in a text of metrics."""
    for line in metrics.splitlines():
        if line.startswith(f"{CPU_METRIC} "):
            return float(line.split()[1])
    raise UnusableEnvironmentError(f"pod {pod} shows no {CPU_METRIC}")


def used(before: Mapping[str, float], after: Mapping[str, float]) -> float:
    """CPU seconds between two readings; a pod that is new in the second began at 0."""
    return sum(seconds - before.get(pod, 0.0) for pod, seconds in after.items())
