"""What the gateway lets in: routes, allowlists, rates, body limits."""

from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Literal, Self

from patchbay_config.model import Model
from pydantic import Field, field_validator, model_validator

Network = IPv4Network | IPv6Network
NodePort = Annotated[int, Field(ge=30000, le=32767)]


class Route(Model):
    """One path prefix of the public surface.

    `requests_per_second` holds per client address and per gateway pod: pods do not share their counters.
    """

    prefix: Annotated[str, Field(pattern=r"^/[a-z][a-z0-9-]*/$")]
    allowlist: tuple[Network, ...] = ()
    public: bool = False
    requests_per_second: Annotated[int, Field(ge=1, le=100_000)]
    # The gateway holds a body in memory until it is complete, hence the ceiling.
    body_limit_bytes: Annotated[int, Field(ge=1, le=1_048_576)]

    @property
    def name(self) -> str:
        return self.prefix.strip("/")

    @model_validator(mode="after")
    def _says_who_may_call(self) -> Self:
        if self.public and self.allowlist:
            raise ValueError("`public` and `allowlist` exclude each other; remove one of them")
        if not self.public and not self.allowlist:
            raise ValueError("`allowlist` is empty; list the networks that may call it, or set `public: true`")
        if any(network.prefixlen == 0 for network in self.allowlist):
            raise ValueError("`allowlist` holds a network of every address; narrow it, or set `public: true` instead")
        return self


class GatewayConfig(Model):
    """The gateway of an environment.

    `client_address`: how the load balancer names the client, which allowlists and rates go by: the header of the PROXY
    protocol, or the last address of `X-Forwarded-For`, which an application load balancer adds itself.
    `health_node_port`: plain HTTP for the load balancer's health checks, 200 while it is up and 503 once it is about to
    leave. `drain_seconds`: for how long it then still takes connections; longer than the load balancer needs to notice.
    The longest `?wait=` of a synchronous run is 60 s, hence `response_seconds`.
    """

    node_port: NodePort
    health_node_port: NodePort = 30081
    client_address: Literal["proxyProtocol", "forwardedFor"] = "proxyProtocol"
    replicas: Annotated[int, Field(ge=1, le=20)] = 2
    routes: Annotated[tuple[Route, ...], Field(min_length=1)]
    response_seconds: Annotated[int, Field(ge=61, le=600)] = 75
    drain_seconds: Annotated[int, Field(ge=1, le=120)] = 3

    @property
    def grace_seconds(self) -> int:
        """What a gateway that is told to leave has to drain and to answer."""
        return self.drain_seconds + self.response_seconds + 10

    @field_validator("routes")
    @classmethod
    def _prefixes_are_distinct(cls, routes: tuple[Route, ...]) -> tuple[Route, ...]:
        prefixes = [route.prefix for route in routes]
        twice = sorted({prefix for prefix in prefixes if prefixes.count(prefix) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} is listed more than once; keep one route for each prefix")
        return routes

    @model_validator(mode="after")
    def _ports_are_distinct(self) -> Self:
        if self.node_port == self.health_node_port:
            raise ValueError("`healthNodePort` is `nodePort` as well; give one of them another port")
        return self
