"""A server of which one pod is enough: it keeps nothing that a successor would miss."""

from collections.abc import Sequence

import pulumi
from pulumi_kubernetes.apps.v1 import Deployment, DeploymentSpecArgs, DeploymentStrategyArgs
from pulumi_kubernetes.core.v1 import ContainerArgs, PodSpecArgs, ServicePortArgs, VolumeArgs

from patchbay_platform import pods
from patchbay_platform.endpoint import Endpoint
from patchbay_platform.workload import NativeFiles, Workload


def single_pod(
    workload: Workload,
    container: ContainerArgs,
    *,
    port: int,
    files: NativeFiles,
    volumes: Sequence[VolumeArgs] = (),
    strategy: DeploymentStrategyArgs | None = None,
    stays: bool = False,
) -> pulumi.Output[Endpoint]:
    """`container` mounts `config`, the native files, beside `volumes`, and serves HTTP on `port`.

    `stays`: its node is not given back while it runs there.
    """
    account = workload.account()
    workload.disruption_budget()
    workload.service(ServicePortArgs(name="http", port=port))
    server = Deployment(
        workload.resource_name,
        metadata=workload.metadata(),
        spec=DeploymentSpecArgs(
            replicas=1,
            strategy=strategy,
            selector=workload.selector,
            template=workload.template(
                account,
                PodSpecArgs(containers=[container], volumes=[files.volume(), *volumes]),
                annotations={**files.checksum, **(pods.STAYS if stays else {})},
            ),
        ),
        opts=workload.options([files.dependency]),
    )
    return workload.endpoint(server.metadata.name, port)
