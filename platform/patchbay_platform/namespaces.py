"""Namespaces: Pod Security, quota, default resources."""

from typing import Annotated, Final

import pulumi
from patchbay_config.model import Model
from pulumi_kubernetes.core.v1 import (
    LimitRange,
    LimitRangeItemArgs,
    LimitRangeSpecArgs,
    Namespace,
    ResourceQuota,
    ResourceQuotaSpecArgs,
)
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs
from pydantic import Field

GATEWAY: Final = "patchbay-gateway"
RUNTIME: Final = "patchbay-runtime"
DATA: Final = "patchbay-data"
METRICS: Final = "patchbay-metrics"
HEADROOM: Final = "patchbay-headroom"
KEDA: Final = "keda"
# Kubernetes' own.
SYSTEM: Final = "kube-system"

RESTRICTED_LABELS: Final = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}

Quantity = Annotated[str, Field(pattern=r"^[0-9]+(m|Ki|Mi|Gi)?$")]


class QuotaConfig(Model):
    """The most that a namespace's pods may request together."""

    cpu: Quantity
    memory: Quantity
    pods: Annotated[int, Field(ge=1)]


class RestrictedNamespace(pulumi.ComponentResource):
    """A namespace in which only `restricted` pods within the quota run."""

    name: pulumi.Output[str]

    def __init__(self, name: str, namespace_name: str, quota: QuotaConfig, opts: pulumi.ResourceOptions) -> None:
        super().__init__("patchbay:platform:RestrictedNamespace", name, None, opts)
        namespace = Namespace(
            name,
            metadata=ObjectMetaArgs(
                name=namespace_name, labels={"app.kubernetes.io/part-of": "patchbay", **RESTRICTED_LABELS}
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.name = namespace.metadata.name
        child = pulumi.ResourceOptions(parent=namespace)
        ResourceQuota(
            name,
            metadata=ObjectMetaArgs(name="quota", namespace=self.name),
            spec=ResourceQuotaSpecArgs(
                hard={"requests.cpu": quota.cpu, "requests.memory": quota.memory, "pods": str(quota.pods)}
            ),
            opts=child,
        )
        LimitRange(
            name,
            metadata=ObjectMetaArgs(name="defaults", namespace=self.name),
            spec=LimitRangeSpecArgs(
                limits=[
                    LimitRangeItemArgs(
                        type="Container",
                        default={"memory": "128Mi"},
                        default_request={"cpu": "50m", "memory": "128Mi"},
                    )
                ]
            ),
            opts=child,
        )
        self.register_outputs({"name": self.name})
