"""Patchbay's program: reads the stack's config, puts the platform on its cluster, exports what its users need."""

import pulumi
from patchbay_config.errors import ConfigError
from patchbay_config.model import Model
from patchbay_config.stack import load, stack_config
from patchbay_platform import cluster
from patchbay_platform.images import ImageLock
from patchbay_platform.settings import PlatformSettings
from patchbay_platform.stack import Platform
from patchbay_runtime.catalog import CATALOG


class Settings(Model):
    """The stack's whole config. Keys are those of `Pulumi.<stack>.yaml`, below `patchbay:`."""

    platform: PlatformSettings


try:
    settings = load(Settings, stack_config()).platform
    images = ImageLock.load(settings.image_lock, field="patchbay:platform.imageLock")
    platform = Platform(
        "platform",
        settings,
        images=images,
        catalog=CATALOG,
        provider=cluster.provider("platform-cluster", settings.cluster),
    )
except ConfigError as error:
    # What to correct is in the message; a traceback would only hide it.
    raise pulumi.RunError(str(error)) from None

pulumi.export("gatewayNodePort", platform.gateway_node_port)
pulumi.export("shapes", platform.shapes)
