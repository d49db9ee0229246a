"""The environment's own resources: as ARN patterns where AWS lets names be chosen, by their tag where it does not."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from patchbay_infra.context import PRODUCT, Context
from patchbay_infra.policy_document import Condition, Resources, Statement, allow

_TAG: Final = "patchbay:environment"


@dataclass(frozen=True)
class Outside:
    """What is not the environment's own by name or tag, and still handled by it, because its config names it.

    `backup_key`: ARN of the key of the backups in another region. `scans`: whether this environment sets what the
    account's registry scans for. `kept`: ARNs of keys and certificates that are used, and changed by nobody here.
    """

    backup_key: str | None = None
    scans: bool = False
    kept: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scope:
    """Everything of an environment is named by its prefix and bears its tag, where AWS lets it."""

    context: Context

    @property
    def prefix(self) -> str:
        return self.context.name("")

    @property
    def owned(self) -> Condition:
        """For calls on what there is: it bears the environment's tag."""
        return {"StringEquals": {f"aws:ResourceTag/{_TAG}": self.context.environment}}

    @property
    def requested(self) -> Condition:
        """For calls that make something: it gets the environment's tag."""
        return {"StringEquals": {f"aws:RequestTag/{_TAG}": self.context.environment}}

    def tagging(self, actions: Sequence[str], resources: Resources) -> Sequence[Statement]:
        """For services that tag in a call of its own: what has just been made, and what is the environment's.

        What is new has no tag of an environment yet, or ours, and gets ours. Of what is ours an update sends those tags
        that differ, and none makes it another environment's. What bears another's tag is not taken over.
        """
        new = {**self.requested, "StringEqualsIfExists": {f"aws:ResourceTag/{_TAG}": self.context.environment}}
        ours = {**self.owned, "StringEqualsIfExists": {f"aws:RequestTag/{_TAG}": self.context.environment}}
        return [allow(actions, resources, condition) for condition in (new, ours)]

    def arn(self, service: str, *resources: str) -> list[str]:
        """`resources`: patterns in which `{}` stands for the environment's prefix."""
        return [self.context.arn(service, resource.format(self.prefix)) for resource in resources]

    def globally(self, service: str, *resources: str) -> list[str]:
        """As `arn`, for services that know no region."""
        return [self.context.arn(service, resource.format(self.prefix), region=False) for resource in resources]

    @property
    def buckets(self) -> list[str]:
        """S3's ARNs know neither region nor account."""
        return [f"arn:aws:s3:::{self.prefix}*"]

    @property
    def log_groups(self) -> list[str]:
        """Each service that writes to CloudWatch asks for a beginning of the names of its groups."""
        return self.arn(
            "logs",
            *(
                f"log-group:{beginning}{{}}*"
                for beginning in (
                    "",
                    "/aws/eks/",
                    "/aws/opensearch/",
                    "/aws/rds/instance/",
                    "/aws/vendedlogs/elasticache/",
                    "aws-waf-logs-",
                )
            ),
        )

    @property
    def secrets(self) -> list[str]:
        """Tenants' secrets."""
        return self.arn("secretsmanager", f"secret:{PRODUCT}/{self.context.environment}/*")

    @property
    def boundary(self) -> str:
        return self.globally("iam", "policy/{}delivery-boundary")[0]

    @property
    def guarded(self) -> list[str]:
        """The delivery identity itself, and the role that its databases' backups are made by."""
        return self.globally("iam", "role/{}delivery-*", "policy/{}delivery-*", "role/{}backups*")

    @property
    def records(self) -> list[str]:
        """Where the account's guards write down what a deployment did."""
        return [f"arn:aws:s3:::{self.prefix}auditing-*"]

    @property
    def of_records(self) -> Condition:
        """For calls on the key of these records, whose id is KMS'."""
        return {"StringLike": {"aws:ResourceTag/Name": f"{self.prefix}auditing-*"}}
