"""The runtime's account in a managed database, made inside the cluster, and how its pods use it."""

from pathlib import Path
from typing import Final

import pulumi
from patchbay_config.errors import ConfigError
from pulumi_kubernetes.batch.v1 import Job, JobSpecArgs
from pulumi_kubernetes.core.v1 import ContainerArgs, EnvVarArgs, PodSpecArgs

from patchbay_platform import pods
from patchbay_platform.data_services import ManagedDatabase
from patchbay_platform.placement import Placement
from patchbay_platform.store_access import StoreAccess
from patchbay_platform.workload import Workload

NAME: Final = "database-access"
_AUTHORITIES: Final = "/etc/patchbay/database"
# RDS takes minutes for a new password, and may be busy with the instance before.
_WAIT_SECONDS: Final = 720
_DEADLINE_SECONDS: Final = 900
# Pulumi itself would give up after 10 minutes (pulumi-kubernetes, `DefaultJobTimeoutMins`).
_TIMEOUTS: Final = pulumi.CustomTimeouts(create="20m", update="20m")
_NATIVE: Final = Path(__file__).parent / "native"


def authorities(region: str) -> str:
    """The certificates of RDS' authorities in a region. Raises ConfigError where they are not at hand."""
    file = _NATIVE / f"{region}.pem"
    if not file.exists():
        raise ConfigError(
            f"patchbay:infra.aws.region: the certificates of RDS in {region} are not in the repository; save "
            f"https://truststore.pki.rds.amazonaws.com/{region}/{region}-bundle.pem as {file}"
        )
    return file.read_text()


class DatabaseAccess(pulumi.ComponentResource):
    """A Job that makes the account, with rights on the platform's own schemas and no password.

    The Job gives the administrator a new password, uses it and forgets it: nobody else has one, and none is in a
    Secret or in Pulumi's state. Its service account alone may do so. `access`: known once the account is there.
    """

    access: StoreAccess

    def __init__(
        self,
        name: str,
        database: ManagedDatabase,
        *,
        region: str,
        image: str,
        placement: Placement,
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("patchbay:platform:DatabaseAccess", name, None, opts)
        workload = Workload(self, NAME, placement)
        account = workload.account()
        files = workload.native_files({"ca.pem": authorities(region)})
        variables: dict[str, pulumi.Input[str]] = {
            "PATCHBAY_AWS_REGION": region,
            "PATCHBAY_DATABASE_HOST": database.address,
            "PATCHBAY_DATABASE_PORT": pulumi.Output.from_input(database.port).apply(str),
            "PATCHBAY_DATABASE_NAME": database.account,
            "PATCHBAY_DATABASE_USER": database.account,
            "PATCHBAY_DATABASE_IAM": "true",
            "PATCHBAY_DATABASE_CA_FILE": f"{_AUTHORITIES}/ca.pem",
        }
        given = {
            **variables,
            "PATCHBAY_DATABASE_INSTANCE": database.instance,
            "PATCHBAY_DATABASE_ADMINISTRATOR": database.administrator,
        }
        job = Job(
            name,
            metadata=workload.metadata_of_one_run(),
            spec=JobSpecArgs(
                backoff_limit=5,
                active_deadline_seconds=_DEADLINE_SECONDS,
                template=workload.template(
                    account,
                    PodSpecArgs(
                        restart_policy="OnFailure",
                        containers=[
                            ContainerArgs(
                                name=workload.name,
                                image=image,
                                args=["make-account", "--wait", str(_WAIT_SECONDS)],
                                env=[EnvVarArgs(name=variable, value=value) for variable, value in given.items()],
                                resources=pods.resources(cpu="50m", memory="128Mi"),
                                security_context=pods.container_security(),
                                volume_mounts=[pods.mount("config", _AUTHORITIES, read_only=True)],
                            )
                        ],
                        volumes=[files.volume()],
                    ),
                    annotations=files.checksum,
                ),
            ),
            # To run it again is harmless.
            opts=workload.options([files.dependency], timeouts=_TIMEOUTS),
        )
        # Whoever asks for the address waits for the account.
        address = pulumi.Output.all(database.address, job.metadata.name).apply(lambda known: str(known[0]))
        self.access = StoreAccess(
            {**variables, "PATCHBAY_DATABASE_HOST": address},
            {_AUTHORITIES: files.volume("database-authorities")},
            files.checksum,
        )
        self.register_outputs({})
