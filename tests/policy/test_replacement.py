"""An update that would replace a database ends before anything is deleted, whichever way it is tried."""

from pathlib import Path

from tests.local.engine.stack import Result, Stack

PACK = Path(__file__).resolve().parents[2] / "policies"

DATABASE = """
aws.rds.Instance("write", identifier="write", engine="mariadb", instance_class="db.t4g.medium", allocated_storage=20,
    username={user!r}, manage_master_user_password=True, skip_final_snapshot=True,
    opts=opts.merge(pulumi.ResourceOptions(protect={protect}, delete_before_replace=True)))
"""


def database(stack: Stack, emulated_aws: str, *, user: str, protect: bool) -> None:
    stack.write(emulated_aws + DATABASE.format(user=user, protect=protect))


def refused(stack: Stack, before: str, *command: str) -> Result:
    result = stack.fail(*command, "--policy-pack", str(PACK))
    assert "deleted" not in result.output
    assert stack.state() == before
    return result


def test_the_engine_refuses_to_replace_a_protected_database(stack: Stack, emulated_aws: str) -> None:
    database(stack, emulated_aws, user="first", protect=True)
    stack.succeed("up", "--yes", "--skip-preview")
    before = stack.state()
    database(stack, emulated_aws, user="second", protect=True)
    for command in (("preview",), ("up", "--yes", "--skip-preview")):
        result = refused(stack, before, *command)
        assert "unable to replace resource" in result.output
        assert "marked for protection" in result.output


def test_the_policy_refuses_to_take_the_protection_off_in_the_update_that_replaces(
    stack: Stack, emulated_aws: str
) -> None:
    database(stack, emulated_aws, user="first", protect=True)
    stack.succeed("up", "--yes", "--skip-preview")
    before = stack.state()
    database(stack, emulated_aws, user="second", protect=False)
    assert "replace" in stack.succeed("preview").output
    for command in (("preview",), ("up", "--yes", "--skip-preview")):
        result = refused(stack, before, *command)
        assert "[mandatory]  databases-refuse-replacement  (aws:rds:Instance: write)" in result.output
        assert "its resource option protect is not on" in result.output
