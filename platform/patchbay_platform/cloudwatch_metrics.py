"""What tells CloudWatch's alarms how many processes wait, and how many nodes there are."""

from typing import Final

import pulumi
from pulumi_kubernetes.apps.v1 import Deployment, DeploymentSpecArgs
from pulumi_kubernetes.core.v1 import ContainerArgs, ContainerPortArgs, EnvVarArgs, PodSpecArgs
from pulumi_kubernetes.rbac.v1 import ClusterRole, ClusterRoleBinding, PolicyRuleArgs, RoleRefArgs, SubjectArgs

from patchbay_platform import pods
from patchbay_platform.endpoint import Endpoint
from patchbay_platform.host_cluster import HostCluster
from patchbay_platform.placement import Placement
from patchbay_platform.runtime_pod import RuntimePod
from patchbay_platform.workload import Workload

NAME: Final = "cloudwatch-metrics"
PORT: Final = 9100


class CloudwatchMetrics(pulumi.ComponentResource):
    """One pod: while it is away, the alarms say that they know nothing."""

    def __init__(
        self,
        name: str,
        runtime: RuntimePod,
        *,
        host: HostCluster,
        horizon: pulumi.Input[Endpoint],
        placement: Placement,
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("patchbay:platform:CloudwatchMetrics", name, None, opts)
        workload = Workload(self, NAME, placement)
        account = workload.account()
        workload.disruption_budget()
        address = pulumi.Output.from_input(horizon).apply(lambda api: api.url)
        teller = runtime.without_stores()
        Deployment(
            name,
            metadata=workload.metadata(),
            spec=DeploymentSpecArgs(
                replicas=1,
                selector=workload.selector,
                template=workload.template(
                    account,
                    PodSpecArgs(
                        automount_service_account_token=True,
                        containers=[
                            ContainerArgs(
                                name=workload.name,
                                image=teller.image,
                                args=[NAME, "--horizon", address, "--cluster", host.name],
                                env=[
                                    *teller.environment(),
                                    EnvVarArgs(name="PATCHBAY_AWS_REGION", value=host.region),
                                ],
                                ports=[ContainerPortArgs(name="probes", container_port=PORT)],
                                readiness_probe=pods.readiness("/readyz", PORT, period_seconds=5),
                                liveness_probe=pods.liveness("/healthz", PORT),
                                resources=pods.resources(cpu="20m", memory="128Mi"),
                                security_context=pods.container_security(),
                                volume_mounts=teller.mounts(),
                            )
                        ],
                        volumes=teller.volumes(),
                    ),
                ),
            ),
            opts=workload.options(self._rights(workload)),
        )
        self.register_outputs({})

    def _rights(self, workload: Workload) -> list[pulumi.Resource]:
        """Nodes belong to no namespace, so neither does the role."""
        everywhere = workload.cluster_wide()
        role = ClusterRole(
            workload.resource_name,
            metadata=everywhere,
            rules=[PolicyRuleArgs(api_groups=[""], resources=["nodes"], verbs=["list"])],
            opts=workload.options(),
        )
        binding = ClusterRoleBinding(
            workload.resource_name,
            metadata=everywhere,
            role_ref=RoleRefArgs(api_group="rbac.authorization.k8s.io", kind="ClusterRole", name=role.metadata.name),
            subjects=[SubjectArgs(kind="ServiceAccount", name=NAME, namespace=workload.placement.namespace)],
            opts=workload.options(),
        )
        return [role, binding]
