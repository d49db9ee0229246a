"""The AWS provider of one environment."""

from typing import Annotated, Final

import pulumi_aws as aws
from patchbay_config.model import Model
from pydantic import Field, HttpUrl, field_validator

# Those whose API the program calls, named as the provider's `endpoints` argument names them.
SERVICES: Final = (
    "acm",
    "autoscaling",
    "backup",
    "budgets",
    "ce",
    "cloudtrail",
    "cloudwatch",
    "config",
    "ec2",
    "ecr",
    "eks",
    "elasticache",
    "elbv2",
    "events",
    "guardduty",
    "iam",
    "kms",
    "logs",
    "opensearch",
    "rds",
    "route53",
    "s3",
    "secretsmanager",
    "securityhub",
    "shield",
    "sns",
    "sts",
    "wafv2",
)
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1", "[::1]")

AccountId = Annotated[str, Field(pattern=r"^\d{12}$")]
Region = Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")]


class AwsConfig(Model):
    """`account_id`: any other account is refused. `endpoint`: of an emulator on this machine, in place of AWS."""

    region: Region
    account_id: AccountId
    endpoint: HttpUrl | None = None

    @field_validator("endpoint")
    @classmethod
    def _on_this_machine(cls, endpoint: HttpUrl | None) -> HttpUrl | None:
        if endpoint is not None and endpoint.host not in _LOOPBACK:
            raise ValueError("an emulator runs on this machine: name a loopback address, or remove it to use AWS")
        return endpoint


def provider(name: str, config: AwsConfig) -> aws.Provider:
    """Credentials come from where AWS' own tools take them; none stands in the config or the state."""
    if config.endpoint is None:
        return aws.Provider(name, region=config.region, allowed_account_ids=[config.account_id])
    url = str(config.endpoint).rstrip("/")
    return aws.Provider(
        name,
        region=config.region,
        allowed_account_ids=[config.account_id],
        endpoints=[aws.ProviderEndpointArgs(**dict.fromkeys(SERVICES, url))],
        s3_use_path_style=True,
        skip_metadata_api_check=True,
    )
