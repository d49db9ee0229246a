"""A data store that runs in the cluster: one pod that keeps its volume."""

from collections.abc import Sequence

import pulumi
from pulumi_kubernetes.apps.v1 import StatefulSet, StatefulSetSpecArgs
from pulumi_kubernetes.core.v1 import ContainerArgs, PodSpecArgs, ServicePortArgs, VolumeArgs

from patchbay_platform import pods
from patchbay_platform.endpoint import Endpoint
from patchbay_platform.volumes import Storage, StorageConfig
from patchbay_platform.workload import NativeFiles, Workload


def data_store(
    workload: Workload,
    container: ContainerArgs,
    *,
    port_name: str,
    port: int,
    files: NativeFiles,
    storage: StorageConfig,
    volumes: Sequence[VolumeArgs],
    init_containers: Sequence[ContainerArgs] = (),
    termination_seconds: int | None = None,
) -> pulumi.Output[Endpoint]:
    """`container` mounts `config`, the native files, and `data`, which outlives the container, beside `volumes`."""
    account = workload.account()
    workload.disruption_budget()
    workload.service(ServicePortArgs(name=port_name, port=port))
    kept = Storage.of(storage)
    server = StatefulSet(
        workload.resource_name,
        metadata=workload.metadata(),
        spec=StatefulSetSpecArgs(
            replicas=1,
            service_name=workload.name,
            # The default policy never replaces a pod that does not become ready, not even by a corrected one.
            pod_management_policy="Parallel",
            selector=workload.selector,
            volume_claim_templates=kept.claims,
            template=workload.template(
                account,
                PodSpecArgs(
                    termination_grace_period_seconds=termination_seconds,
                    init_containers=list(init_containers) or None,
                    containers=[container],
                    volumes=[files.volume(), *volumes, *kept.volumes],
                ),
                # Without a claim the data lies on the node, and would go with it.
                annotations={**files.checksum, **(pods.STAYS if kept.volumes else {})},
            ),
        ),
        opts=workload.options([files.dependency]),
    )
    return workload.endpoint(server.metadata.name, port)
