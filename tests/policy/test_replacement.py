"""An update that would replace a database ends before anything is deleted, whichever way it is tried."""

from pathlib import Path

import boto3

from tests.standins.pulumi_plugins.stack import Stack

PACK = Path(__file__).resolve().parents[2] / "policies"
COMMANDS = (("preview",), ("up", "--yes", "--skip-preview"))

# The master user of a database cannot be changed: another one means another database.
DATABASE = """
aws.rds.Instance("write", identifier="write", engine="mariadb", engine_version="11.4", username={user!r},
    instance_class="db.t4g.medium", allocated_storage=20, manage_master_user_password=True, skip_final_snapshot=True,
    opts=opts.merge(pulumi.ResourceOptions(protect={protect}, delete_before_replace=True)))
"""


def master_user(endpoint: str) -> str:
    client = boto3.client(
        "rds",
        region_name="eu-central-1",
        endpoint_url=endpoint,
        aws_access_key_id="tests",
        aws_secret_access_key="tests",
    )
    (database,) = client.describe_db_instances()["DBInstances"]
    return str(database["MasterUsername"])


def write(stack: Stack, emulated_aws: str, *, user: str, protect: bool) -> None:
    stack.write(emulated_aws + DATABASE.format(user=user, protect=protect))


def exists(stack: Stack, emulated_aws: str) -> None:
    write(stack, emulated_aws, user="first", protect=True)
    stack.succeed("up", "--yes", "--skip-preview")


def test_the_engine_refuses_to_replace_a_protected_database(stack: Stack, emulated_aws: str, endpoint: str) -> None:
    exists(stack, emulated_aws)
    write(stack, emulated_aws, user="second", protect=True)
    for command in COMMANDS:
        result = stack.fail(*command)
        assert "unable to replace resource" in result.output
        assert "marked for protection" in result.output
    assert master_user(endpoint) == "first"


def test_the_policy_refuses_to_take_the_protection_off_in_the_update_that_replaces(
    stack: Stack, emulated_aws: str, endpoint: str
) -> None:
    exists(stack, emulated_aws)
    write(stack, emulated_aws, user="second", protect=False)
    assert stack.succeed("preview").count("replace") == 1
    for command in COMMANDS:
        result = stack.fail(*command, "--policy-pack", str(PACK))
        assert "[mandatory]  databases-refuse-replacement  (aws:rds:Instance: write)" in result.output
        assert "its resource option protect is not on" in result.output
    assert master_user(endpoint) == "first"
