"""The cluster that the platform is put on."""

from collections.abc import Sequence
from pathlib import Path

import pulumi
import pulumi_kubernetes as kubernetes
from patchbay_config.model import Model
from pydantic import field_validator


class ClusterConfig(Model):
    """`kubeconfig`: path of the file; without it Kubernetes' own rules hold (KUBECONFIG, then the home directory)."""

    kubeconfig: Path | None = None
    context: str | None = None

    @field_validator("kubeconfig")
    @classmethod
    def _exists(cls, path: Path | None) -> Path | None:
        if path is not None and not path.is_file():
            raise ValueError(f"{path} does not exist; bring the cluster up first, or name an existing cluster's file")
        return path


def provider(
    name: str, access: ClusterConfig | pulumi.Output[str], *, after: Sequence[pulumi.Resource]
) -> kubernetes.Provider:
    """`access`: a file of this machine, or the text of a kubeconfig that names a program for its credentials.

    Of a file the provider gets the path, not its content: that holds a private key, and would stand in Pulumi's state.

    `after`: what the cluster runs on and is reached by. All objects are made after it, and gone before it goes: those
    with a finalizer need whoever takes it away, which needs a node.
    """
    kubeconfig: pulumi.Input[str] | None
    if isinstance(access, ClusterConfig):
        kubeconfig, context = None if access.kubeconfig is None else str(access.kubeconfig), access.context
    else:
        kubeconfig, context = access, None
    return kubernetes.Provider(
        name,
        kubeconfig=kubeconfig,
        context=context,
        # A changed ConfigMap is updated in place: pods that read it are rolled by the checksum in their template.
        enable_config_map_mutable=True,
        opts=pulumi.ResourceOptions(depends_on=list(after)),
    )
