"""What each tier of subnets lets in and out, whatever a security group says."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from itertools import product
from typing import Final

import pulumi
from pulumi_aws import ec2

from patchbay_infra.context import Context
from patchbay_infra.network.address_plan import AddressPlan

WORLD: Final = "0.0.0.0/0"
# MariaDB, Redis, OpenSearch.
DATA_PORTS: Final = (3306, 6379, 443)
# From where clients' connections come: access lists keep no state, so answers are let through by these.
_EPHEMERAL: Final = (1024, 65535)
_ANY_PORT: Final = (0, 65535)


@dataclass(frozen=True)
class _Rule:
    egress: bool
    network: str
    ports: tuple[int, int]
    protocol: str = "tcp"


def _public(plan: AddressPlan) -> Iterator[_Rule]:
    """Load balancers and NAT. The edge opens its own ports for the world."""
    for network in plan.private.values():
        yield _Rule(egress=False, network=str(network), ports=_ANY_PORT)
    yield _Rule(egress=False, network=WORLD, ports=_EPHEMERAL)
    yield _Rule(egress=True, network=WORLD, ports=_ANY_PORT)


def _private(plan: AddressPlan) -> Iterator[_Rule]:
    """Nodes and pods: everything among themselves; TCP to anywhere, and what answers it.

    Pods' ranges come last: a rule of another number is a new one, and nodes would be cut off while it is replaced.
    """
    for network in plan.private.values():
        yield from _everything(network)
    yield _Rule(egress=False, network=WORLD, ports=_EPHEMERAL)
    yield _Rule(egress=True, network=WORLD, ports=_ANY_PORT)
    for network in plan.pods.values():
        yield from _everything(network)


def _everything(network: IPv4Network) -> Iterator[_Rule]:
    for egress in (False, True):
        yield _Rule(egress=egress, network=str(network), ports=(0, 0), protocol="-1")


def _data(plan: AddressPlan) -> Iterator[_Rule]:
    """Only what nodes and pods ask on the data ports, and the answers. Copies replicate on networks of AWS' own."""
    for network, port in product(plan.inside, DATA_PORTS):
        yield _Rule(egress=False, network=str(network), ports=(port, port))
    for network in plan.inside:
        yield _Rule(egress=True, network=str(network), ports=_EPHEMERAL)


class AccessLists(pulumi.ComponentResource):
    """One network access list for each tier, on all its subnets; the VPC's default one lets nothing through."""

    public_id: pulumi.Output[str]
    private_id: pulumi.Output[str]
    data_id: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        context: Context,
        vpc: ec2.Vpc,
        plan: AddressPlan,
        subnet_ids: Mapping[str, Mapping[str, pulumi.Input[str]]],
        opts: pulumi.ResourceOptions,
    ) -> None:
        """`subnet_ids`: by tier (`public`, `private`, `pods`, `data`) and zone; `pods` are under the private list."""
        super().__init__("patchbay:infra:AccessLists", name, None, opts)
        self._name, self._context, self._vpc = name, context, vpc
        ec2.DefaultNetworkAcl(
            f"{name}-default",
            default_network_acl_id=vpc.default_network_acl_id,
            tags=context.tags("default"),
            # Each subnet is under it until its own list is there, and the provider would offer to take it away
            # (terraform-aws-vpc issue 529).
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["subnetIds"]),
        )
        self.public_id = self._tier("public", subnet_ids["public"], _public(plan))
        self.private_id = self._tier("private", subnet_ids["private"], _private(plan))
        self._under(self.private_id, "pods", subnet_ids["pods"])
        self.data_id = self._tier("data", subnet_ids["data"], _data(plan))
        self.register_outputs({"publicId": self.public_id, "privateId": self.private_id, "dataId": self.data_id})

    def _tier(
        self, tier: str, subnet_ids: Mapping[str, pulumi.Input[str]], rules: Iterator[_Rule]
    ) -> pulumi.Output[str]:
        child = pulumi.ResourceOptions(parent=self)
        access_list = ec2.NetworkAcl(
            f"{self._name}-{tier}", vpc_id=self._vpc.id, tags=self._context.tags(tier), opts=child
        )
        numbers = {False: 0, True: 0}
        for rule in rules:
            numbers[rule.egress] += 10
            number = numbers[rule.egress]
            first, last = rule.ports
            ec2.NetworkAclRule(
                f"{self._name}-{tier}-{'out' if rule.egress else 'in'}-{number}",
                network_acl_id=access_list.id,
                rule_number=number,
                egress=rule.egress,
                protocol=rule.protocol,
                rule_action="allow",
                cidr_block=rule.network,
                from_port=first,
                to_port=last,
                # Two rules of one number are refused.
                opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
            )
        self._under(access_list.id, tier, subnet_ids)
        return access_list.id

    def _under(self, access_list: pulumi.Output[str], tier: str, subnet_ids: Mapping[str, pulumi.Input[str]]) -> None:
        for zone, subnet_id in subnet_ids.items():
            ec2.NetworkAclAssociation(
                f"{self._name}-{tier}-{zone}",
                network_acl_id=access_list,
                subnet_id=subnet_id,
                opts=pulumi.ResourceOptions(parent=self),
            )
