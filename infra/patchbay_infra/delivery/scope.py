"""The environment's own resources, as ARN patterns."""

from dataclasses import dataclass

from patchbay_infra.context import PRODUCT, Context


@dataclass(frozen=True)
class Scope:
    """Everything of an environment is named by its prefix, where AWS lets names be chosen."""

    context: Context

    @property
    def prefix(self) -> str:
        return self.context.name("")

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
    def secrets(self) -> list[str]:
        """Tenants' secrets, and those that RDS makes for its master users."""
        return self.arn("secretsmanager", f"secret:{PRODUCT}/{self.context.environment}/*", "secret:rds!*")

    @property
    def boundary(self) -> str:
        return self.globally("iam", "policy/{}delivery-boundary")[0]

    @property
    def delivery(self) -> list[str]:
        """The delivery identity itself."""
        return self.globally("iam", "role/{}delivery-*", "policy/{}delivery-*")
