"""The VPC's configuration."""

from collections.abc import Iterator
from typing import Annotated, Final, Literal, Self

from patchbay_config.model import Model
from pydantic import AfterValidator, Field, field_validator, model_validator

from patchbay_infra.network.address_plan import MOST_ZONES, NARROWEST_PREFIX, WIDEST_PREFIX
from patchbay_infra.network.addresses import Network4, is_private
from patchbay_infra.network.pod_ranges import fault as pod_ranges_fault
from patchbay_infra.retention import LogDays

InterfaceEndpoint = Literal[
    "autoscaling",
    "ec2",
    "ecr.api",
    "ecr.dkr",
    "eks",
    "eks-auth",
    "elasticloadbalancing",
    "kms",
    "logs",
    "secretsmanager",
    "sts",
]
# What nodes and the platform's pods call; what is left out is called through NAT.
_DEFAULT_ENDPOINTS: Final[tuple[InterfaceEndpoint, ...]] = (
    "ec2",
    "ecr.api",
    "ecr.dkr",
    "eks-auth",
    "logs",
    "secretsmanager",
    "sts",
)
_PRODUCTION_LOG_DAYS: Final = 30


def _vpc(network: Network4) -> Network4:
    if not is_private(network):
        raise ValueError("not within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16; choose a range in one of them")
    if not WIDEST_PREFIX <= network.prefixlen <= NARROWEST_PREFIX:
        raise ValueError(f"its prefix must lie between /{WIDEST_PREFIX} and /{NARROWEST_PREFIX}; widen or narrow it")
    return network


class NetworkConfig(Model):
    """`nat_per_zone`: with one NAT gateway for all zones, losing its zone takes the others off the internet.

    `interface_endpoints`: services of AWS that are called without leaving the VPC; each costs by the hour and zone.
    `pod_ranges`: where pods have their addresses instead of the nodes' subnets: one range for all zones, or one for
    each, in their order. docs/decisions/0029-ranges-for-pods.md.
    """

    cidr: Annotated[Network4, AfterValidator(_vpc)]
    nat_per_zone: bool = True
    flow_log_days: LogDays = 30
    interface_endpoints: tuple[InterfaceEndpoint, ...] = _DEFAULT_ENDPOINTS
    pod_ranges: Annotated[tuple[Network4, ...], Field(max_length=MOST_ZONES)] = ()

    @field_validator("interface_endpoints")
    @classmethod
    def _endpoints_that_belong_together(cls, services: tuple[InterfaceEndpoint, ...]) -> tuple[InterfaceEndpoint, ...]:
        chosen = set(services)
        if len(chosen) != len(services):
            raise ValueError("a service stands twice; name each once")
        if len(chosen & {"ecr.api", "ecr.dkr"}) == 1:
            raise ValueError("an image is pulled through ecr.api and ecr.dkr; name both or neither")
        return services

    @model_validator(mode="after")
    def _ranges_that_aws_takes(self) -> Self:
        if found := pod_ranges_fault(self.cidr, self.pod_ranges):
            raise ValueError(f"podRanges: {found}")
        return self

    def faults(self, *, production: bool) -> Iterator[tuple[str, str]]:
        """What is too weak for the environment: the field and the remedy."""
        if production and not self.nat_per_zone:
            yield "natPerZone", "one zone's loss would take all off the internet; set it to true in production"
        if production and self.flow_log_days < _PRODUCTION_LOG_DAYS:
            yield "flowLogDays", f"set at least {_PRODUCTION_LOG_DAYS} in production"
