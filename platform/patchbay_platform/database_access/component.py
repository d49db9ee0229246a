"""The runtime's account in a managed database, made inside the cluster, and how its pods use it."""

import json
from pathlib import Path
from typing import Final

import pulumi
from patchbay_config.errors import ConfigError
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.batch.v1 import Job, JobSpecArgs
from pulumi_kubernetes.core.v1 import ContainerArgs, CSIVolumeSourceArgs, EnvVarArgs, PodSpecArgs, VolumeArgs

from patchbay_platform import pods
from patchbay_platform.data_services import ManagedDatabase
from patchbay_platform.placement import Placement
from patchbay_platform.store_access import StoreAccess
from patchbay_platform.workload import Workload

NAME: Final = "database-access"
_AUTHORITIES: Final = "/etc/patchbay/database"
_ADMINISTRATOR: Final = "/run/secrets/administrator"
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

    Only the Job's own service account may read the administrator's secret; the CSI driver mounts it, so that it is
    neither a Kubernetes Secret nor in Pulumi's state. `access`: known once the account is there.
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
        secret = CustomResource(
            name,
            api_version="secrets-store.csi.x-k8s.io/v1",
            kind="SecretProviderClass",
            metadata=workload.metadata(),
            spec={
                "provider": "aws",
                "parameters": {
                    "region": region,
                    "usePodIdentity": "true",
                    "objects": pulumi.Output.from_input(database.master_secret_arn).apply(_administrator),
                },
            },
            opts=workload.options(),
        )
        variables: dict[str, pulumi.Input[str]] = {
            "PATCHBAY_AWS_REGION": region,
            "PATCHBAY_DATABASE_HOST": database.address,
            "PATCHBAY_DATABASE_PORT": pulumi.Output.from_input(database.port).apply(str),
            "PATCHBAY_DATABASE_NAME": database.account,
            "PATCHBAY_DATABASE_USER": database.account,
            "PATCHBAY_DATABASE_IAM": "true",
            "PATCHBAY_DATABASE_CA_FILE": f"{_AUTHORITIES}/ca.pem",
        }
        given = {**variables, "PATCHBAY_DATABASE_ADMIN_SECRET": _ADMINISTRATOR}
        job = Job(
            name,
            metadata=workload.metadata(),
            spec=JobSpecArgs(
                backoff_limit=5,
                active_deadline_seconds=300,
                template=workload.template(
                    account,
                    PodSpecArgs(
                        restart_policy="OnFailure",
                        containers=[
                            ContainerArgs(
                                name=workload.name,
                                image=image,
                                args=["make-account"],
                                env=[EnvVarArgs(name=variable, value=value) for variable, value in given.items()],
                                resources=pods.resources(cpu="50m", memory="128Mi"),
                                security_context=pods.container_security(),
                                volume_mounts=[
                                    pods.mount("config", _AUTHORITIES, read_only=True),
                                    pods.mount("administrator", _ADMINISTRATOR, read_only=True),
                                ],
                            )
                        ],
                        volumes=[
                            files.volume(),
                            VolumeArgs(
                                name="administrator",
                                csi=CSIVolumeSourceArgs(
                                    driver="secrets-store.csi.k8s.io",
                                    read_only=True,
                                    volume_attributes={"secretProviderClass": workload.name},
                                ),
                            ),
                        ],
                    ),
                    annotations=files.checksum,
                ),
            ),
            # A Job's template cannot be changed, and running it again is harmless.
            opts=workload.options([secret, files.dependency], delete_before_replace=True),
        )
        # Whoever asks for the address waits for the account.
        address = pulumi.Output.all(database.address, job.metadata.name).apply(lambda known: str(known[0]))
        self.access = StoreAccess(
            {**variables, "PATCHBAY_DATABASE_HOST": address},
            {_AUTHORITIES: files.volume("database-authorities")},
            files.checksum,
        )
        self.register_outputs({})


def _administrator(secret_arn: str) -> str:
    """RDS keeps a JSON object; each part becomes a file of that name."""
    parts = [{"path": part, "objectAlias": part} for part in ("username", "password")]
    return json.dumps([{"objectName": secret_arn, "objectAlias": "secret", "jmesPath": parts}])
