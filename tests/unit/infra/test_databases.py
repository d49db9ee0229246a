"""The write copy and the read copy of an environment's MariaDB."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pulumi
import pytest
from patchbay_config.errors import ConfigError
from patchbay_infra.context import Context
from patchbay_infra.databases.component import Databases
from patchbay_infra.databases.config import DatabasesConfig, is_older

from .data_services import (
    CLIENTS,
    DATA_KEY,
    LOGS_KEY,
    assert_logs_are_encrypted_and_expire,
    assert_reached_by_clients_only,
    assert_tagged_uniquely,
    network,
    refusal,
)
from .mocks import PRODUCTION, STAGING, ZONES, Created, Recorded, mock_arn, record

CONFIG: Mapping[str, Any] = {
    "write": {"instanceClass": "db.r7g.large"},
    "read": {"instanceClass": "db.r7g.large"},
}

# The mark of a secret value in the engine's protocol: pulumi/pulumi, sdk/go/common/resource/sig.
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}


def databases(
    values: Mapping[str, Any] = CONFIG, context: Context = PRODUCTION, *, group: str | None = None
) -> Recorded:
    """`group`: the id that AWS makes up for the security group."""

    def program() -> Mapping[str, Any]:
        made = Databases(
            "databases",
            DatabasesConfig.model_validate(values),
            context=context,
            network=network(),
            data_key_arn=DATA_KEY,
            logs_key_arn=LOGS_KEY,
            clients=CLIENTS,
            opts=pulumi.ResourceOptions(),
        )
        return {
            "writer": made.writer_address,
            "reader": made.reader_address,
            "port": made.port,
            "arn": made.writer_arn,
            "identifiers": [made.writer_identifier, made.reader_identifier],
            "group": made.security_group_id,
        }

    instance = {"address": "db.example.com"}
    outputs: dict[str, Mapping[str, Any]] = {"rds/instance:Instance": instance}
    return record(program, outputs=outputs, ids={} if group is None else {"ec2/securityGroup:SecurityGroup": group})


def write_copy(recorded: Recorded) -> Created:
    return recorded.one("rds/instance:Instance", "databases-write")


def read_copy(recorded: Recorded) -> Created:
    return recorded.one("rds/instance:Instance", "databases-read")


def possible_zones(recorded: Recorded, copy: Created) -> set[str]:
    """Where AWS may place an instance: its fixed zone, or any of its subnet group's."""
    if fixed := copy.inputs.get("availabilityZone"):
        return {fixed}
    (group,) = (
        one
        for one in recorded.of("rds/subnetGroup:SubnetGroup")
        if one.inputs["name"] == copy.inputs["dbSubnetGroupName"]
    )
    return {subnet.removeprefix("subnet-") for subnet in group.inputs["subnetIds"]}


@pytest.mark.parametrize("multi_az", [True, False])
@pytest.mark.parametrize("zone", [None, *ZONES])
def test_the_copies_never_share_a_zone_also_after_a_failover(multi_az: bool, zone: str | None) -> None:
    write = {**CONFIG["write"], "multiAz": multi_az}
    recorded = databases({**CONFIG, "write": write, "read": {**CONFIG["read"], "zone": zone}}, STAGING)
    of_write, of_read = (possible_zones(recorded, copy(recorded)) for copy in (write_copy, read_copy))
    assert of_read == {zone or ZONES[-1]}
    assert not of_write & of_read
    assert len(of_write) == (2 if multi_az else 1)
    assert write_copy(recorded).inputs["multiAz"] is multi_az


def test_every_subnet_group_spans_two_zones_as_rds_asks() -> None:
    for group in databases().of("rds/subnetGroup:SubnetGroup"):
        assert len(set(group.inputs["subnetIds"])) == 2


def test_the_read_copy_follows_the_write_copy_by_its_arn_because_it_has_a_subnet_group_of_its_own() -> None:
    recorded = databases()
    read = read_copy(recorded)
    assert read.inputs["replicateSourceDb"] == mock_arn("databases-write")
    assert "engine" not in read.inputs
    assert "username" not in read.inputs


def test_the_read_copy_names_no_key_because_it_is_encrypted_by_its_source_s() -> None:
    recorded = databases()
    assert write_copy(recorded).inputs["kmsKeyId"] == DATA_KEY
    assert "kmsKeyId" not in read_copy(recorded).inputs


def test_a_multi_az_write_copy_names_no_zone_because_aws_refuses_both() -> None:
    assert "availabilityZone" not in write_copy(databases()).inputs


def test_both_copies_are_private_encrypted_and_kept_from_deletion() -> None:
    recorded = databases()
    for copy in (write_copy(recorded), read_copy(recorded)):
        assert copy.inputs["publiclyAccessible"] is False
        assert copy.inputs["storageEncrypted"] is True
        assert copy.inputs["performanceInsightsKmsKeyId"] == DATA_KEY
        assert copy.inputs["deletionProtection"] is True
        assert copy.inputs["iamDatabaseAuthenticationEnabled"] is True
        assert copy.inputs["vpcSecurityGroupIds"] == [recorded.one("ec2/securityGroup:SecurityGroup").id]
        assert copy.protect


def test_only_tls_is_spoken_and_text_is_utf8mb4() -> None:
    recorded = databases()
    group = recorded.one("rds/parameterGroup:ParameterGroup")
    parameters = {one["name"]: one["value"] for one in group.inputs["parameters"]}
    assert parameters["require_secure_transport"] == "1"
    assert parameters["character_set_server"] == "utf8mb4"
    assert "max_connections" not in parameters
    assert group.inputs["family"] == "mariadb11.4"
    for copy in (write_copy(recorded), read_copy(recorded)):
        assert copy.inputs["parameterGroupName"] == group.inputs["name"]


def test_the_limits_that_the_config_sets_reach_the_database() -> None:
    group = databases({**CONFIG, "maxConnections": 500, "statementSeconds": 5, "slowQuerySeconds": 2}).one(
        "rds/parameterGroup:ParameterGroup"
    )
    parameters = {one["name"]: one["value"] for one in group.inputs["parameters"]}
    assert (parameters["max_connections"], parameters["max_statement_time"], parameters["long_query_time"]) == (
        "500",
        "5",
        "2",
    )


def test_the_master_password_is_random_and_secret_and_none_that_rds_would_keep_from_the_read_copy() -> None:
    first, second = (write_copy(databases()).inputs for _ in range(2))
    assert first["passwordWoVersion"] == 1
    assert not {"manageMasterUserPassword", "password"} & first.keys()
    assert not [key for key in read_copy(databases()).inputs if key.startswith("password")]
    assert all(SECRET.items() <= one["passwordWo"].items() for one in (first, second))
    passwords = {one["passwordWo"]["value"] for one in (first, second)}
    assert len(passwords) == 2
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{40}", password) for password in passwords)


def test_backups_allow_any_point_of_two_weeks_and_outlive_the_database() -> None:
    inputs = write_copy(databases()).inputs
    assert inputs["backupRetentionPeriod"] == 14
    assert inputs["copyTagsToSnapshot"] is True
    assert inputs["skipFinalSnapshot"] is False
    assert inputs["deleteAutomatedBackups"] is False


def test_the_last_snapshot_has_a_name_of_its_own_in_each_life_of_the_database_and_the_same_in_each_preview() -> None:
    """RDS' reference on the name: letters, digits and single hyphens, none at its end, 255 characters at most."""
    names = [
        write_copy(databases(values, group=group)).inputs["finalSnapshotIdentifier"]
        for values, group in (
            (CONFIG, "sg-1"),
            (CONFIG, "sg-1"),
            (CONFIG, "sg-2"),
            ({**CONFIG, "masterUser": "another"}, "sg-1"),
        )
    ]
    assert names[0] == names[1]
    assert len(set(names)) == 3
    for name in names:
        assert re.fullmatch(r"patchbay-production-databases-write-final-[0-9a-f]{8}", name)


def test_an_environment_to_throw_away_leaves_no_snapshot() -> None:
    recorded = databases({**CONFIG, "finalSnapshot": None, "deletionProtection": False}, STAGING)
    inputs = write_copy(recorded).inputs
    assert inputs["skipFinalSnapshot"] is True
    assert "finalSnapshotIdentifier" not in inputs
    assert inputs["deleteAutomatedBackups"] is True
    assert not write_copy(recorded).protect


def test_logs_have_their_groups_before_rds_would_make_them_without_an_end() -> None:
    recorded = databases()
    logs = {"error", "slowquery", "iam-db-auth-error"}
    for copy in (write_copy(recorded), read_copy(recorded)):
        assert set(copy.inputs["enabledCloudwatchLogsExports"]) == logs
    assert_logs_are_encrypted_and_expire(
        recorded,
        {f"/aws/rds/instance/patchbay-production-databases-{copy}/{log}" for copy in ("write", "read") for log in logs},
    )


def test_the_monitoring_role_serves_these_two_instances_only() -> None:
    recorded = databases()
    (statement,) = json.loads(recorded.one("iam/role:Role").inputs["assumeRolePolicy"])["Statement"]
    assert statement["Principal"] == {"Service": "monitoring.rds.amazonaws.com"}
    assert statement["Condition"]["ArnLike"]["aws:SourceArn"] == [
        f"arn:aws:rds:eu-central-1:111122223333:db:patchbay-production-databases-{copy}" for copy in ("write", "read")
    ]
    assert write_copy(recorded).inputs["monitoringInterval"] == 60


def test_nobody_but_the_clients_reaches_it_and_it_reaches_nobody() -> None:
    recorded = databases()
    assert_reached_by_clients_only(recorded, recorded.one("ec2/securityGroup:SecurityGroup"), 3306)


def test_a_second_region_gets_the_backups_under_a_key_of_its_own() -> None:
    key = "arn:aws:kms:eu-west-1:111122223333:key/example"
    recorded = databases({**CONFIG, "crossRegion": {"region": "eu-west-1", "kmsKeyArn": key}})
    copy = recorded.one("rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication")
    assert copy.inputs == {
        "region": "eu-west-1",
        "kmsKeyId": key,
        "retentionPeriod": 7,
        "sourceDbInstanceArn": mock_arn("databases-write"),
    }
    assert not databases().of("InstanceAutomatedBackupsReplication")


def test_the_outputs_are_what_clients_and_alarms_need() -> None:
    assert databases().outputs == {
        "writer": "db.example.com",
        "reader": "db.example.com",
        "port": 3306,
        "arn": mock_arn("databases-write"),
        "identifiers": ["patchbay-production-databases-write", "patchbay-production-databases-read"],
        "group": "databases-id",
    }


def test_everything_can_be_found_by_its_name_tag() -> None:
    assert_tagged_uniquely(databases())


def test_a_zone_of_elsewhere_is_refused_with_the_remedy() -> None:
    with pytest.raises(ConfigError, match=r"`read\.zone` is none of the environment's zones; name one of them"):
        databases({**CONFIG, "read": {**CONFIG["read"], "zone": "eu-central-1d"}})


def test_two_zones_are_refused_because_the_copies_could_meet() -> None:
    config = DatabasesConfig.model_validate(CONFIG)
    with pytest.raises(ValueError, match="give the environment three"):
        config.placement(ZONES[:2])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"engineVersion": "5.7"}, "engineVersion: "),
        ({"engineVersion": "11.4.5"}, "shorten it to major.minor, or set `autoMinorUpgrade: false`"),
        ({"storageGib": 100, "storageLimitGib": 105}, "`storageLimitGib` is not 10 % above `storageGib`; raise it"),
        ({"storageGib": 10}, "storageGib: Input should be greater than or equal to 20"),
        ({"backupDays": 3}, "backupDays: Input should be greater than or equal to 7"),
        ({"backupWindow": "03:30-04:30"}, "`backupWindow` and `maintenanceWindow` overlap; move one of them"),
        ({"backupWindow": "3am"}, 'backupWindow: not a daily window in UTC; write it like "02:00-03:00"'),
        ({"maintenanceWindow": "sun:03:00-sun:03:10"}, "maintenanceWindow: shorter than 60 minutes; widen it"),
        ({"maintenanceWindow": "sun:03:00-tue:03:10"}, "maintenanceWindow: longer than 24 hours; narrow it"),
        ({"maintenanceWindow": "someday"}, "maintenanceWindow: not a weekly window in UTC"),
        ({"monitoringSeconds": 7}, "monitoringSeconds: "),
        ({"performanceInsightsDays": 8}, "performanceInsightsDays: Performance Insights keeps 7 days"),
        ({"write": {"instanceClass": "db.t4g.small"}}, "`performanceInsights` needs a larger class than `write."),
        ({"write": {"instanceClass": "large"}}, "write.instanceClass: "),
        ({"read": {}}, "read.instanceClass: missing; set it"),
        (
            {"engineVersion": "11.8", "read": {**CONFIG["read"], "engineVersion": "11.4"}},
            "`read.engineVersion` is older than `engineVersion`, and a read copy follows no newer source; raise it",
        ),
        ({"read": {**CONFIG["read"], "engineVersion": "11.8.3"}}, "`read.engineVersion` pins a patch"),
        ({"masterPassword": "x"}, "masterPassword: unknown key; correct its spelling or remove it"),
        ({"masterUser": "Root!"}, "masterUser: "),
        ({"logDays": 31}, "logDays: CloudWatch Logs keeps no log for that many days"),
        (
            {"crossRegion": {"region": "eu-west-1", "kmsKeyArn": "arn:aws:kms:eu-central-1:111122223333:key/a"}},
            "crossRegion: `kmsKeyArn` is of another region than `region`; name a key of that region",
        ),
    ],
)
def test_a_wrong_config_is_refused_with_the_field_and_the_remedy(change: Mapping[str, Any], told: str) -> None:
    assert told in refusal(DatabasesConfig, {**CONFIG, **change})


@pytest.mark.parametrize(
    ("version", "other", "older"),
    [
        ("11.4", "11.8", True),
        ("10.11", "11.4", True),
        ("11.4.8", "11.4.10", True),
        ("11.4", "11.4.10", False),
        ("11.4.10", "11.4", False),
        ("11.8", "11.4.10", False),
    ],
)
def test_versions_are_compared_as_far_as_they_are_told(version: str, other: str, older: bool) -> None:
    assert is_older(version, other) is older


def test_a_move_allows_major_upgrades_at_once_and_nothing_else_does() -> None:
    moving = databases({**CONFIG, "read": {**CONFIG["read"], "engineVersion": "11.8"}})
    for recorded, moves in ((moving, True), (databases(), False)):
        for copy in (write_copy(recorded), read_copy(recorded)):
            assert copy.inputs["allowMajorVersionUpgrade"] is copy.inputs["applyImmediately"] is moves
    assert "engineVersion" not in read_copy(databases()).inputs
    families = {one.inputs["name"]: one.inputs["family"] for one in moving.of("rds/parameterGroup:ParameterGroup")}
    used = {copy.name: families[copy.inputs["parameterGroupName"]] for copy in (write_copy(moving), read_copy(moving))}
    assert used == {"databases-write": "mariadb11.4", "databases-read": "mariadb11.8"}


def test_a_pinned_patch_is_kept_where_aws_does_not_move_it() -> None:
    recorded = databases({**CONFIG, "engineVersion": "11.4.5", "autoMinorUpgrade": False})
    assert write_copy(recorded).inputs["engineVersion"] == "11.4.5"
    assert recorded.one("rds/parameterGroup:ParameterGroup").inputs["family"] == "mariadb11.4"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"write": {"instanceClass": "db.r7g.large", "multiAz": False}}, "write.multiAz"),
        ({"deletionProtection": False}, "deletionProtection"),
        ({"backupDays": 7}, "backupDays"),
        ({"finalSnapshot": None}, "finalSnapshot"),
    ],
)
def test_production_refuses_what_other_environments_may_have(change: Mapping[str, Any], field: str) -> None:
    config = DatabasesConfig.model_validate({**CONFIG, **change})
    ((told, remedy),) = config.faults(production=True)
    assert told == field
    assert "production" in remedy
    assert config.faults(production=False) == []


def test_the_defaults_are_strong_enough_for_production() -> None:
    assert DatabasesConfig.model_validate(CONFIG).faults(production=True) == []


def test_the_write_copy_asks_for_its_daily_backup_and_the_read_copy_for_none() -> None:
    recorded = databases()
    assert write_copy(recorded).inputs["tags"]["patchbay:backup"] == "daily"
    assert "patchbay:backup" not in read_copy(recorded).inputs["tags"]
