"""The passwords of the data stores that run in the cluster, made inside the cluster."""

from pathlib import Path
from typing import Final

import pulumi
from pulumi_kubernetes.batch.v1 import Job, JobSpecArgs
from pulumi_kubernetes.core.v1 import ContainerArgs, EnvVarArgs, PodSpecArgs
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs
from pulumi_kubernetes.rbac.v1 import PolicyRuleArgs, Role, RoleBinding, RoleRefArgs, SubjectArgs

from patchbay_platform import pods
from patchbay_platform.placement import Placement
from patchbay_platform.workload import Workload

_REDIS: Final = "redis"
_MARIADB: Final = "mariadb"


class Credentials(pulumi.ComponentResource):
    """A Job that makes each password once; it never passes through Pulumi's state.

    `redis_secret`, `mariadb_secret`: the Secret's name, the same in both namespaces, once the Secret exists. Its key
    `password` is what clients need.
    """

    redis_secret: pulumi.Output[str]
    mariadb_secret: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        image: str,
        placement: Placement,
        client_namespace: pulumi.Input[str],
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("patchbay:platform:Credentials", name, None, opts)
        workload = Workload(self, "credentials", placement)
        account = workload.account()
        rights = [
            resource
            for side, namespace in (("server", placement.namespace), ("client", client_namespace))
            for resource in self._rights(f"{name}-{side}", workload.name, namespace, placement.namespace)
        ]
        files = workload.native_files(pods.native(Path(__file__).parent, "credentials.py"))
        job = Job(
            name,
            metadata=workload.metadata_of_one_run(),
            spec=JobSpecArgs(
                backoff_limit=5,
                active_deadline_seconds=300,
                template=workload.template(
                    account,
                    PodSpecArgs(
                        automount_service_account_token=True,
                        restart_policy="OnFailure",
                        containers=[
                            ContainerArgs(
                                name=workload.name,
                                image=image,
                                command=["python3", "-B", "/opt/credentials/credentials.py"],
                                env=[
                                    EnvVarArgs(name="SERVER_NAMESPACE", value=placement.namespace),
                                    EnvVarArgs(name="CLIENT_NAMESPACE", value=client_namespace),
                                ],
                                resources=pods.resources(cpu="50m", memory="64Mi"),
                                security_context=pods.container_security(),
                                volume_mounts=[pods.mount("config", "/opt/credentials", read_only=True)],
                            )
                        ],
                        volumes=[files.volume()],
                    ),
                    annotations=files.checksum,
                ),
            ),
            # To run it again is harmless.
            opts=workload.options([*rights, files.dependency]),
        )
        self.redis_secret = job.metadata.apply(lambda _: _REDIS)
        self.mariadb_secret = job.metadata.apply(lambda _: _MARIADB)
        self.register_outputs({})

    def _rights(
        self, name: str, account: str, namespace: pulumi.Input[str], account_namespace: pulumi.Input[str]
    ) -> list[pulumi.Resource]:
        child = pulumi.ResourceOptions(parent=self)
        metadata = ObjectMetaArgs(name=account, namespace=namespace)
        role = Role(
            name,
            metadata=metadata,
            rules=[
                PolicyRuleArgs(
                    api_groups=[""],
                    resources=["secrets"],
                    resource_names=[_REDIS, _MARIADB],
                    verbs=["get"],
                ),
                # Kubernetes cannot bind `create` to names.
                PolicyRuleArgs(api_groups=[""], resources=["secrets"], verbs=["create"]),
            ],
            opts=child,
        )
        binding = RoleBinding(
            name,
            metadata=metadata,
            role_ref=RoleRefArgs(api_group="rbac.authorization.k8s.io", kind="Role", name=account),
            subjects=[SubjectArgs(kind="ServiceAccount", name=account, namespace=account_namespace)],
            opts=child,
        )
        return [role, binding]
