"""Tries rows of the table: the real engine makes, keeps, refreshes, changes and deletes what a program asks for."""

from tests.standins.aws.account import REGION, Account
from tests.standins.aws.launched import ACCOUNT
from tests.standins.pulumi_plugins.stack import Result, Stack

_SERVICES = (
    "backup",
    "budgets",
    "ce",
    "cloudtrail",
    "cloudwatch",
    "config",
    "ec2",
    "ecr",
    "elasticache",
    "events",
    "guardduty",
    "iam",
    "kms",
    "logs",
    "opensearch",
    "rds",
    "s3",
    "secretsmanager",
    "securityhub",
    "sns",
    "sts",
)
# What nearly every resource of these services needs.
_NETWORK = """
vpc = aws.ec2.Vpc("vpc", cidr_block="10.20.0.0/16", tags={"Name": "net"}, opts=opts)
zones = [REGION + letter for letter in "abc"]
subnets = [
    aws.ec2.Subnet(f"data-{zone}", vpc_id=vpc.id, cidr_block=f"10.20.{index}.0/24", availability_zone=zone,
        tags={"Name": f"data-{zone}"}, opts=opts).id
    for index, zone in enumerate(zones)
]
group = aws.ec2.SecurityGroup("data", name="data", description="Data", vpc_id=vpc.id, tags={"Name": "data"}, opts=opts)
key = aws.kms.Key("key", description="Data", tags={"Name": "data"}, opts=opts)
"""


def program(account: Account, body: str, *, network: bool = True) -> str:
    """A program of the body: `aws`, `opts` with the account's provider, `json`, and a network where it is asked for."""
    return (
        (
            "import json\n"
            "import pulumi\n"
            "import pulumi_aws as aws\n"
            f"REGION = {REGION!r}\n"
            f"endpoints = aws.ProviderEndpointArgs(**dict.fromkeys({_SERVICES!r}, {account.url!r}))\n"
            "provider = aws.Provider('aws', region=REGION, endpoints=[endpoints], s3_use_path_style=True,"
            f" allowed_account_ids=[{ACCOUNT!r}])\n"
            "opts = pulumi.ResourceOptions(provider=provider)\n"
        )
        + (_NETWORK if network else "")
        + body
    )


def settle(stack: Stack, text: str) -> Result:
    """Applies the program; a preview and a refresh after it find nothing to do."""
    made = stack.up(text)
    stack.succeed("preview", "--expect-no-changes")
    stack.succeed("refresh", "--yes", "--expect-no-changes")
    return made


def change(stack: Stack, text: str, *, updated: int) -> None:
    """Applies the program, which changes so many resources in place and replaces none."""
    done = settle(stack, text)
    assert (done.count("updated"), done.count("replaced"), done.count("created")) == (updated, 0, 0), done.output


def destroy(stack: Stack) -> None:
    stack.succeed("destroy", "--yes")
