"""The versions of MariaDB that the emulated RDS takes are those that CloudFormation's linter knows of RDS."""

import json
from pathlib import Path

import cfnlint
from patchbay_standins.aws.operations.rds.limits import SERIES, series

_VERSIONS = Path(cfnlint.__file__).parent / "data/schemas/extensions/aws_rds_dbinstance/engine_version.json"


def test_every_series_from_10_4_on_is_offered_and_no_other() -> None:
    (known,) = [
        rule["then"]["properties"]["EngineVersion"]["enum"]
        for rule in json.loads(_VERSIONS.read_text())["allOf"]
        if rule.get("if", {}).get("properties", {}).get("Engine", {}).get("const") == "mariadb"
    ]
    listed = {series(version) for version in known if [int(part) for part in version.split(".")] >= [10, 4]}
    assert set(SERIES) == listed
