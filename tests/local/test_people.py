"""An emulated account has the roles of people that the stack's config names, as AWS has before a first `up`."""

from pathlib import Path

from patchbay_local.deploy.people import make_roles
from patchbay_local.deploy.stack_config import StackConfig

from tests.emulated.deployment import Deployment


def test_a_started_account_has_the_roles_of_the_clusters_people(tmp_path: Path) -> None:
    config = StackConfig.read("production")
    made = Deployment.of(config, tmp_path)
    try:
        made.emulation.start(made.journal)
        iam = made.emulation.access.client("iam")
        roles = {role["Arn"] for role in iam.list_roles()["Roles"]}
        assert roles == config.people
        assert len(roles) > 1

        pathed = f"arn:aws:iam::{config.account}:role/example/teams/operators"
        strangers = "arn:aws:iam::999988887777:role/example"
        for _ in range(2):
            make_roles(made.emulation.access, config.account, [pathed, strangers, *config.people])
        assert {role["Arn"] for role in iam.list_roles()["Roles"]} == {*config.people, pathed}
    finally:
        made.journal.undo()
