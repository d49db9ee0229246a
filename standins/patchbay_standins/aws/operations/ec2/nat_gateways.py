"""NAT gateways leave with their network interface, which moto keeps."""

from typing import Any

from patchbay_standins.aws.operations.ec2.client_vpn_records import ec2_of
from patchbay_standins.aws.operations.ec2.service import SERVICE
from patchbay_standins.aws.service import BY_MOTO, Call, Served


@SERVICE.operation("DeleteNatGateway")
def delete_nat_gateway(call: Call) -> Served:
    backend: Any = ec2_of(call)
    for address in getattr(backend.nat_gateways.get(call["NatGatewayId"]), "address_set", ()):
        backend.enis.pop(address["networkInterfaceId"], None)
    return BY_MOTO
