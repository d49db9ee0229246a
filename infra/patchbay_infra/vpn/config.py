"""The client VPN's configuration."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Final, Literal, Self

from patchbay_config.model import Model
from pydantic import AfterValidator, Field, field_validator, model_validator

from patchbay_infra.network.addresses import Network4, is_private
from patchbay_infra.network.config import NetworkConfig
from patchbay_infra.retention import LogDays

# Client VPN's own limits.
_WIDEST_PREFIX: Final = 12
_NARROWEST_PREFIX: Final = 22
_PRODUCTION_LOG_DAYS: Final = 30
# How many a subnet that an endpoint is associated with has to have free (Client VPN's administrator guide, "Client VPN
# target network requirements").
ADDRESSES_OF_AN_ASSOCIATION: Final = 20

Tier = Literal["private", "data"]


def _clients(network: Network4) -> Network4:
    if not is_private(network):
        raise ValueError("not within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16; choose a range in one of them")
    if not _WIDEST_PREFIX <= network.prefixlen <= _NARROWEST_PREFIX:
        raise ValueError(f"its prefix must lie between /{_WIDEST_PREFIX} and /{_NARROWEST_PREFIX}; widen or narrow it")
    return network


def _certificate(arn: str) -> str:
    if not arn.startswith("arn:aws:acm:") or ":certificate/" not in arn:
        raise ValueError("not a certificate of ACM; import it there and give its ARN")
    return arn


def _saml_provider(arn: str) -> str:
    if not arn.startswith("arn:aws:iam::") or ":saml-provider/" not in arn:
        raise ValueError("not a SAML provider of IAM; create it there and give its ARN")
    return arn


CertificateArn = Annotated[str, AfterValidator(_certificate)]


class AuthorizedGroup(Model):
    """A group of the identity provider, by the id that it asserts, and the tiers of subnets that it reaches.

    `private`: the API servers and private web pages; `data`: the databases and the search, and not the caches.
    """

    id: Annotated[str, Field(min_length=1, max_length=255)]
    reaches: Annotated[tuple[Tier, ...], Field(min_length=1)] = ("private",)

    @field_validator("reaches")
    @classmethod
    def _tiers_are_distinct(cls, tiers: tuple[Tier, ...]) -> tuple[Tier, ...]:
        if len(set(tiers)) != len(tiers):
            raise ValueError("a tier stands twice; name each once")
        return tiers


class ClientVpnConfig(Model):
    """Members log in through SAML, or show a client certificate of one root; the latter knows no groups.

    `client_cidr`: addresses of the clients. `groups`: by a name that the rules are recognised by.
    """

    client_cidr: Annotated[Network4, AfterValidator(_clients)]
    server_certificate_arn: CertificateArn
    saml_provider_arn: Annotated[str, AfterValidator(_saml_provider)] | None = None
    client_root_certificate_arn: CertificateArn | None = None
    groups: Mapping[Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")], AuthorizedGroup] = {}
    session_hours: Literal[8, 10, 12, 24] = 8
    log_days: LogDays = 30

    @field_validator("groups")
    @classmethod
    def _ids_are_distinct(cls, groups: Mapping[str, AuthorizedGroup]) -> Mapping[str, AuthorizedGroup]:
        if len({group.id for group in groups.values()}) != len(groups):
            raise ValueError("one id stands under two names; keep one of them")
        return groups

    @model_validator(mode="after")
    def _one_way_to_log_in(self) -> Self:
        if self.saml_provider_arn and self.client_root_certificate_arn:
            raise ValueError("samlProviderArn and clientRootCertificateArn exclude each other; remove one of them")
        if not self.saml_provider_arn and not self.client_root_certificate_arn:
            raise ValueError("nobody could log in; set samlProviderArn or clientRootCertificateArn")
        return self

    @model_validator(mode="after")
    def _groups_where_there_are_any(self) -> Self:
        if self.saml_provider_arn and not self.groups:
            raise ValueError("groups: empty, so that nobody is let through; name at least one group of the provider")
        if self.client_root_certificate_arn and self.groups:
            raise ValueError("groups: certificates carry none; remove it, or use samlProviderArn")
        return self

    @property
    def reaches_data(self) -> bool:
        """Whether any group is let through to the data stores."""
        return any("data" in group.reaches for group in self.groups.values())

    def faults(self, *, production: bool) -> Iterator[tuple[str, str]]:
        """What is too weak for the environment: the field and the remedy."""
        if production and not self.saml_provider_arn:
            yield "samlProviderArn", "a certificate outlives its holder's leaving; log in through SAML in production"
        if production and self.log_days < _PRODUCTION_LOG_DAYS:
            yield "logDays", f"set at least {_PRODUCTION_LOG_DAYS} in production"

    def collisions(self, network: NetworkConfig) -> Iterator[tuple[str, str]]:
        """What does not fit beside the VPC: the field and the remedy."""
        if self.client_cidr.overlaps(network.cidr):
            yield "clientCidr", "overlaps network.cidr, so that answers would not find back; choose another range"
        # It is within a private range, and ranges for pods may be as well.
        if any(self.client_cidr.overlaps(pods) for pods in network.pod_ranges):
            yield "clientCidr", "overlaps network.podRanges, so that answers would not find back; choose another range"
