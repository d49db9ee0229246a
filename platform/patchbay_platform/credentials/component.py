"""What the platform has to keep secret, made inside the cluster."""

from pathlib import Path
from typing import Final

import pulumi
from pulumi_kubernetes.batch.v1 import Job, JobSpecArgs
from pulumi_kubernetes.core.v1 import ContainerArgs, EnvVarArgs, PodSpecArgs

from patchbay_platform import pods
from patchbay_platform.access_keys import AccessKeys
from patchbay_platform.credentials.rights import rights
from patchbay_platform.placement import Placement
from patchbay_platform.workload import Workload

_ADMINISTRATOR: Final = "administrator"
_SEALING: Final = "sealing"
_REDIS: Final = "redis"
_MARIADB: Final = "mariadb"


class Credentials(pulumi.ComponentResource):
    """A Job that makes each secret once; none passes through Pulumi's state.

    `keys`: of the API. `redis_secret`, `mariadb_secret`: the Secret's name, the same in the namespaces of servers and
    of clients; its key `password` is what clients need. All are known once the Secrets exist.
    """

    keys: AccessKeys
    redis_secret: pulumi.Output[str]
    mariadb_secret: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        image: str,
        placement: Placement,
        data_namespace: pulumi.Input[str] | None,
        opts: pulumi.ResourceOptions,
    ) -> None:
        """`placement`: in the runtime's namespace. `data_namespace`: of data stores, where they are pods."""
        super().__init__("patchbay:platform:Credentials", name, None, opts)
        workload = Workload(self, "credentials", placement)
        account = workload.account()
        files = workload.native_files(pods.native(Path(__file__).parent, "credentials.py"))
        given = {"RUNTIME_NAMESPACE": placement.namespace}
        runtime, passwords = [_ADMINISTRATOR, _SEALING], [_REDIS, _MARIADB]
        if data_namespace is None:
            secrets = {"client": (placement.namespace, runtime)}
        else:
            given["DATA_NAMESPACE"] = data_namespace
            secrets = {"server": (data_namespace, passwords), "client": (placement.namespace, [*runtime, *passwords])}
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
                                env=[EnvVarArgs(name=variable, value=value) for variable, value in given.items()],
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
            opts=workload.options([*rights(workload, secrets), files.dependency]),
        )

        def made(secret: str) -> pulumi.Output[str]:
            return job.metadata.apply(lambda _: secret)

        self.keys = AccessKeys(administrator=made(_ADMINISTRATOR), sealing=made(_SEALING))
        self.redis_secret = made(_REDIS)
        self.mariadb_secret = made(_MARIADB)
        self.register_outputs({})
