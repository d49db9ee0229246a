"""The cluster that the platform is put on."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated

import pulumi
import pulumi_kubernetes as kubernetes
from patchbay_config.model import Model
from pydantic import Field, field_validator

Network = IPv4Network | IPv6Network


class ClusterNetworks(Model):
    """`api_server`: the addresses of the Kubernetes API server as pods reach it.

    `edge`: from where the load balancer's connections arrive at the gateway; only those may open one, because what they
    say of the client is believed.
    """

    api_server: Annotated[tuple[Network, ...], Field(min_length=1)]
    edge: Annotated[tuple[Network, ...], Field(min_length=1)]

    @field_validator("edge")
    @classmethod
    def _edge_is_not_everyone(cls, networks: tuple[Network, ...]) -> tuple[Network, ...]:
        if any(network.prefixlen == 0 for network in networks):
            raise ValueError("holds a network of every address; name the networks of the load balancer")
        return networks


class ClusterConfig(Model):
    """`kubeconfig`: path of the file; without it Kubernetes' own rules hold (KUBECONFIG, then the home directory)."""

    kubeconfig: Path | None = None
    context: str | None = None
    networks: ClusterNetworks

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
