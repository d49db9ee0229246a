"""The edge's configuration."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Annotated, Final, Literal

from patchbay_config.model import Model
from pydantic import AfterValidator, Field, field_validator

from patchbay_infra.network.addresses import Allowlist
from patchbay_infra.retention import LogDays

_PRODUCTION_LOG_DAYS: Final = 30
_LABEL: Final = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"


def _lower_case(domain: str) -> str:
    if domain != domain.lower():
        raise ValueError("holds capitals, which DNS does not tell apart; write it in lower case")
    return domain


Domain = Annotated[
    str, Field(max_length=200, pattern=rf"(?i)^({_LABEL}\.)+[a-z]{{2,63}}$"), AfterValidator(_lower_case)
]
# As the gateway's routes are written.
PathPrefix = Annotated[str, Field(pattern=r"^/[a-z][a-z0-9-]*/$")]
Title = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]


class KeyIngress(Model):
    """Paths that only the networks on the allowlist may call, because a key that leaks must not be enough."""

    prefixes: Annotated[tuple[PathPrefix, ...], Field(min_length=1)]
    allowlist: Allowlist


class EdgeConfig(Model):
    """`domain`: tenants live at `<tenant>.<domain>`.

    `zone_id`: an existing hosted zone of the domain. Without it one is made, and the first deployment waits for the
    certificate until the parent domain delegates to the zone's name servers.
    `default_cluster`: serves every name that no other cluster claims; needed where there are several clusters.
    `requests_per_five_minutes`: of one address; what exceeds it is answered 429.
    `managed_rules`: whether what AWS' rule groups find is counted or blocked. Count first, look at the metrics of each
    rule under real traffic, then block. `counted_rules`: of AWS' common rules, those that are counted even then.
    Payloads are larger than the 8 KiB of a body that `SizeRestrictions_BODY` admits; the gateway limits them by route.
    `webhook_prefixes`: paths that AWS' rule groups do not look at, as strangers' programs post strangers' texts there.
    `idle_seconds`: more than the gateway takes for its longest answer, 75 s.
    `shield`: protection by Shield Advanced, to which the account must be subscribed.
    """

    domain: Domain
    zone_id: Annotated[str, Field(pattern=r"^Z[A-Z0-9]{1,31}$")] | None = None
    default_cluster: str | None = None
    redirect_http: bool = False
    key_ingresses: Mapping[Title, KeyIngress] = {}
    requests_per_five_minutes: Annotated[int, Field(ge=10, le=2_000_000)] = 2_000
    managed_rules: Literal["count", "block"] = "count"
    webhook_prefixes: tuple[PathPrefix, ...] = ("/hooks/",)
    counted_rules: tuple[str, ...] = ("SizeRestrictions_BODY",)
    idle_seconds: Annotated[int, Field(ge=76, le=4_000)] = 90
    log_days: LogDays = 30
    shield: bool = False

    @field_validator("key_ingresses")
    @classmethod
    def _one_allowlist_for_each_prefix(cls, ingresses: Mapping[str, KeyIngress]) -> Mapping[str, KeyIngress]:
        count = Counter(prefix for ingress in ingresses.values() for prefix in ingress.prefixes)
        if twice := sorted(prefix for prefix, number in count.items() if number > 1):
            raise ValueError(f"{', '.join(twice)} stands more than once; keep it under one allowlist")
        return ingresses

    def faults(self, *, production: bool) -> Iterator[tuple[str, str]]:
        """What is too weak for the environment: the field and the remedy."""
        if not production:
            return
        if not self.key_ingresses:
            yield "keyIngresses", "empty; list the paths that only known networks may call in production"
        if self.log_days < _PRODUCTION_LOG_DAYS:
            yield "logDays", f"set at least {_PRODUCTION_LOG_DAYS} in production"
