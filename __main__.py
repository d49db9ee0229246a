"""Patchbay's program: reads the stack's config, makes the environment's AWS, puts the platform on its clusters."""

import pulumi
from patchbay_config.errors import ConfigError
from patchbay_config.model import Model
from patchbay_config.stack import load, stack_config
from patchbay_infra.cluster.workload_identity import Workload
from patchbay_infra.provider import provider
from patchbay_infra.settings import InfraSettings
from patchbay_infra.stack import Infra
from patchbay_platform import cluster, namespaces
from patchbay_platform.images import ImageLock
from patchbay_platform.settings import PlatformSettings
from patchbay_platform.stack import Platform
from patchbay_runtime.catalog import CATALOG


class Settings(Model):
    """The stack's whole config. Keys are those of `Pulumi.<stack>.yaml`, below `patchbay:`."""

    infra: InfraSettings | None = None
    platform: PlatformSettings | None = None


try:
    settings = load(Settings, stack_config())
    if settings.infra:
        runtime = Workload("runtime", namespaces.RUNTIME, ("api", *(f"shape-{shape}" for shape in sorted(CATALOG))))
        infra = Infra(
            "infra", settings.infra, runtime_workload=runtime, provider=provider("aws", settings.infra.aws)
        )
        for output, value in infra.outputs.items():
            pulumi.export(output, value)
    if settings.platform:
        images = ImageLock.load(settings.platform.image_lock, field="patchbay:platform.imageLock")
        platform = Platform(
            "platform",
            settings.platform,
            images=images,
            catalog=CATALOG,
            provider=cluster.provider("platform-cluster", settings.platform.cluster),
        )
        pulumi.export("gatewayNodePort", platform.gateway_node_port)
        pulumi.export("shapes", platform.shapes)
except ConfigError as error:
    # What to correct is in the message; a traceback would only hide it.
    raise pulumi.RunError(str(error)) from None
