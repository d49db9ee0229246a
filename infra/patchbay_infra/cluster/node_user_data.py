"""What a node is told at its start. EKS adds the rest: the cluster's name, address and certificate."""

import base64

from patchbay_infra.cluster.ami_release import AmiType, is_bottlerocket

_BOUNDARY = "BOUNDARY"


def user_data(ami_type: AmiType, places: int) -> str:
    """A launch template's user data, in base64. `places`: the most pods.

    AL2023's must be a MIME archive, into which EKS puts a part of its own; nodeadm merges all parts of this type
    (EKS' user guide, "Customize managed nodes with launch templates"; nodeadm's documentation, "Merging multiple
    configuration objects"). Bottlerocket's is TOML.

    Where a pod's memory ends the kernel would end all of its processes (kubelet 1.28), and with an evaluation of one
    tenant the worker of all (`singleProcessOOMKill`, kubelet 1.32; Bottlerocket has no setting for it).
    """
    text = _bottlerocket(places) if is_bottlerocket(ami_type) else _al2023(places)
    return base64.b64encode(text.encode()).decode()


def _al2023(places: int) -> str:
    return f"""\
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="{_BOUNDARY}"

--{_BOUNDARY}
Content-Type: application/node.eks.aws

---
apiVersion: node.eks.aws/v1alpha1
kind: NodeConfig
spec:
  kubelet:
    config:
      maxPods: {places}
      singleProcessOOMKill: true

--{_BOUNDARY}--
"""


def _bottlerocket(places: int) -> str:
    return f"[settings.kubernetes]\nmax-pods = {places}\n"
