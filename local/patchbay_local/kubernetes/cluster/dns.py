"""CoreDNS on the cluster; on EKS it is an add-on."""

from ipaddress import IPv4Address
from pathlib import Path
from string import Template
from typing import Any

import yaml

from patchbay_local.machine import addresses

NAMESPACE = "kube-system"
DEPLOYMENT = "coredns"
_TEMPLATE = Path(__file__).parent / "templates" / "coredns.yaml"


def manifests(image: str, nameservers: tuple[IPv4Address, ...]) -> list[dict[str, Any]]:
    """The objects of cluster DNS; names outside of the cluster are asked of the host's name servers."""
    text = Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        image=image,
        address=addresses.DNS_ADDRESS,
        registry_address=addresses.BRIDGE_ADDRESS,
        registry_name=addresses.REGISTRY_HOST.partition(":")[0],
        forward=f"forward . {' '.join(map(str, nameservers))}" if nameservers else "",
    )
    return list(yaml.safe_load_all(text))
