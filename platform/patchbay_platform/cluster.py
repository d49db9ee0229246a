"""The cluster that the platform is put on."""

from pathlib import Path

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


def provider(name: str, config: ClusterConfig) -> kubernetes.Provider:
    """Gets the file's path, not its content: the content holds a private key, and would stand in Pulumi's state."""
    return kubernetes.Provider(
        name,
        kubeconfig=None if config.kubeconfig is None else str(config.kubeconfig),
        context=config.context,
        # A changed ConfigMap is updated in place: pods that read it are rolled by the checksum in their template.
        enable_config_map_mutable=True,
    )
