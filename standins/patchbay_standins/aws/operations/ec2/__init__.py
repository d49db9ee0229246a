"""EC2: Client VPN and instance requirements, which moto lacks, states that take time, refusals, moto's faults."""

from patchbay_standins.aws.operations.ec2 import (  # noqa: F401 # each declares its operations
    client_vpn_access,
    client_vpn_endpoints,
    client_vpn_networks,
    in_use,
    instance_life,
    instance_requirements,
    nat_gateways,
    ranges,
    tags,
    twice,
)
from patchbay_standins.aws.operations.ec2.service import SERVICE

__all__ = ["SERVICE"]
