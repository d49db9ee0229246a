"""What tells Kubernetes which of a shape's pods runs least, so that it leaves first."""

from typing import Final

import pulumi
from pulumi_kubernetes.admissionregistration.v1 import ValidationArgs
from pulumi_kubernetes.apps.v1 import Deployment, DeploymentSpecArgs
from pulumi_kubernetes.core.v1 import ContainerArgs, ContainerPortArgs, PodSpecArgs, ServicePortArgs
from pulumi_kubernetes.rbac.v1 import PolicyRuleArgs, Role, RoleBinding, RoleRefArgs, SubjectArgs

from patchbay_platform import pods
from patchbay_platform.account_policy import account_policy
from patchbay_platform.placement import Placement
from patchbay_platform.runtime_pod import RuntimePod
from patchbay_platform.workload import Workload

NAME: Final = "scale-in-order"
PORT: Final = 9100

_COST: Final = "controller.kubernetes.io/pod-deletion-cost"
_OLD, _NEW = (f"{pod}.metadata.?annotations.orValue({{}})" for pod in ("oldObject", "object"))
# Whoever may patch a pod may give it another image. A role cannot be narrowed to an annotation; this can.
_UNCHANGED: Final = (
    "object.spec == oldObject.spec",
    "object.metadata.?labels == oldObject.metadata.?labels",
    "object.metadata.?ownerReferences == oldObject.metadata.?ownerReferences",
    "object.metadata.?finalizers == oldObject.metadata.?finalizers",
    f"{_NEW}.all(key, key == '{_COST}' || {_OLD}[?key] == optional.of({_NEW}[key]))",
    f"{_OLD}.all(key, key == '{_COST}' || key in {_NEW})",
)


class ScaleInOrder(pulumi.ComponentResource):
    """One pod: while it is away, pods leave in the order that was written last."""

    def __init__(self, name: str, runtime: RuntimePod, *, placement: Placement, opts: pulumi.ResourceOptions) -> None:
        """`placement`: in the namespace of the workers."""
        super().__init__("patchbay:platform:ScaleInOrder", name, None, opts)
        workload = Workload(self, NAME, placement)
        account = workload.account()
        workload.disruption_budget()
        workload.service(ServicePortArgs(name="metrics", port=PORT))
        looker = runtime.with_queue_only()
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
                                image=looker.image,
                                args=[NAME],
                                env=looker.environment(),
                                ports=[ContainerPortArgs(name="metrics", container_port=PORT)],
                                readiness_probe=pods.readiness("/readyz", PORT, period_seconds=2),
                                liveness_probe=pods.liveness("/healthz", PORT),
                                resources=pods.resources(cpu="20m", memory="96Mi"),
                                security_context=pods.container_security(),
                                volume_mounts=looker.mounts(),
                            )
                        ],
                        volumes=looker.volumes(),
                    ),
                    annotations=looker.annotations(),
                ),
            ),
            opts=workload.options([*self._rights(workload), *self._only_the_cost(workload)]),
        )
        self.register_outputs({})

    def _rights(self, workload: Workload) -> list[pulumi.Resource]:
        role = Role(
            workload.resource_name,
            metadata=workload.metadata(),
            rules=[PolicyRuleArgs(api_groups=[""], resources=["pods"], verbs=["list", "patch"])],
            opts=workload.options(),
        )
        binding = RoleBinding(
            workload.resource_name,
            metadata=workload.metadata(),
            role_ref=RoleRefArgs(api_group="rbac.authorization.k8s.io", kind="Role", name=NAME),
            subjects=[SubjectArgs(kind="ServiceAccount", name=NAME, namespace=workload.placement.namespace)],
            opts=workload.options(),
        )
        return [role, binding]

    def _only_the_cost(self, workload: Workload) -> list[pulumi.Resource]:
        validations = [
            ValidationArgs(expression=unchanged, message=f"this account may change {_COST} only")
            for unchanged in _UNCHANGED
        ]
        return account_policy(workload, operation="UPDATE", resource="pods", validations=validations)
