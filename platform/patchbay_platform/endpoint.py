"""Where a component can be reached."""

import pulumi
from patchbay_config.model import Model


class Endpoint(Model):
    """A name that pods resolve, and a port."""

    host: str
    port: int

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"


def of_service(name: pulumi.Input[str], namespace: pulumi.Input[str], port: int) -> pulumi.Output[Endpoint]:
    """Pass outputs of what serves it, so that its users wait for it."""
    return pulumi.Output.all(name, namespace).apply(lambda parts: Endpoint(host=f"{parts[0]}.{parts[1]}", port=port))
