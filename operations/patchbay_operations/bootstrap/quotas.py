"""What an account may have, beside what the stack takes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from botocore.exceptions import BotoCoreError, ClientError

from patchbay_operations.bootstrap.findings import Work
from patchbay_operations.bootstrap.node_groups import cores, groups
from patchbay_operations.bootstrap.quota_needs import Need, needs
from patchbay_operations.refusal import code

STEP: Final = "quotas"
Verdict = Literal["enough", "too small", "not read"]


@dataclass(frozen=True)
class Judged:
    """`applied`: the account's own value in the region; None where it could not be read, for the reason given."""

    need: Need
    applied: float | None
    reason: str
    region: str

    @property
    def verdict(self) -> Verdict:
        if self.applied is None:
            return "not read"
        return "enough" if self.need.amount <= self.applied else "too small"

    @property
    def request(self) -> str:
        """The command that asks AWS for more."""
        need = self.need
        return (
            f"aws service-quotas request-service-quota-increase --region {self.region} --service-code {need.service} "
            f"--quota-code {need.code} --desired-value {need.amount}"
        )


def judged(work: Work) -> list[Judged]:
    """Every quota that the stack counts against. What else lives in the account is not counted."""
    infra = work.stack.infra
    made = groups(infra)
    for field in sorted({group.field for group in made if not group.standard}):
        work.unknown(
            STEP, f"patchbay:infra.{field}.instanceTypes: of a family with vCPU quotas of its own; look at them"
        )
    types = {name for group in made if group.standard for name in group.nodes.instance_types}
    client = work.access.client("service-quotas")
    return list(_judged(client, needs(work.stack, cores(work.access, types)), work.access.region))


def _judged(client: Any, wanted: Iterator[Need], region: str) -> Iterator[Judged]:
    for need in wanted:
        value, reason = _applied(client, need)
        yield Judged(need, value, reason, region)


def _applied(client: Any, need: Need) -> tuple[float | None, str]:
    """Some quotas have a value of the account's own only once it was raised; for the others the default holds."""
    reason = ""
    for call in ("get_service_quota", "get_aws_default_service_quota"):
        try:
            answer = getattr(client, call)(ServiceCode=need.service, QuotaCode=need.code)
        except ClientError as error:
            reason = code(error)
            if reason != "NoSuchResourceException":
                break
        except BotoCoreError as error:
            return None, type(error).__name__
        else:
            return float(answer["Quota"]["Value"]), ""
    return None, reason
