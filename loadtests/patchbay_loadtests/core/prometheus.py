"""The environment's Prometheus, reached through the API server."""

from typing import Final

from patchbay_loadtests.core.cluster import Cluster, Document

SERVICE: Final = "prometheus:9090"


async def query(cluster: Cluster, namespace: str, expression: str) -> list[Document]:
    """The result of an instant query: series with their labels and `[time, value]`, or `values` of a range.

    UnusableEnvironmentError where Prometheus cannot be asked; LookupError or TypeError for an answer of another form.
    """
    answer = await cluster.through_service(namespace, SERVICE, "/api/v1/query", params={"query": expression})
    return list(answer["data"]["result"])
