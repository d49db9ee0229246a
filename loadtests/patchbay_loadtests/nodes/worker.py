"""The pods of a shape, as the scheduler and the autoscaler see them."""

from patchbay_loadtests.core.cluster import Cluster, Document


async def worker_spec(cluster: Cluster, namespace: str, shape: str) -> Document:
    """The pod spec of the shape's workers."""
    deployment = await cluster.deployment(namespace, f"shape-{shape}")
    spec: Document = deployment["spec"]["template"]["spec"]
    return spec
