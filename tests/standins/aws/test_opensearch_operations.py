"""OpenSearch through boto3."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.standins.aws.account import ZONES
from tests.standins.aws.launched import NAME_TAG, launched, tags

ROLE = "arn:aws:iam::111122223333:role/example"
LOG_GROUP = "arn:aws:logs:eu-central-1:111122223333:log-group:example"


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with launched(tmp_path_factory.mktemp("emulator")) as account:
        network = account.network()
        security_group = account.security_group(network)
        client = account.client("opensearch")
        write = {
            "Effect": "Allow",
            "Principal": {"Service": "es.amazonaws.com"},
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents", "logs:PutLogEventsBatch"],
            "Resource": f"{LOG_GROUP}:*",
        }
        account.client("logs").put_resource_policy(
            policyName="example", policyDocument=json.dumps({"Version": "2012-10-17", "Statement": [write]})
        )
        client.create_domain(
            DomainName="example",
            EngineVersion="OpenSearch_2.17",
            ClusterConfig={
                "InstanceType": "r7g.large.search",
                "InstanceCount": 3,
                "ZoneAwarenessEnabled": True,
                "ZoneAwarenessConfig": {"AvailabilityZoneCount": 3},
            },
            VPCOptions={"SubnetIds": list(network.subnets), "SecurityGroupIds": [security_group]},
            EncryptionAtRestOptions={"Enabled": True, "KmsKeyId": account.key()},
            DomainEndpointOptions={"EnforceHTTPS": True, "TLSSecurityPolicy": "Policy-Min-TLS-1-2-PFS-2023-10"},
            AdvancedSecurityOptions={
                "Enabled": True,
                "InternalUserDatabaseEnabled": False,
                "MasterUserOptions": {"MasterUserARN": ROLE},
            },
            LogPublishingOptions={"ES_APPLICATION_LOGS": {"CloudWatchLogsLogGroupArn": LOG_GROUP, "Enabled": True}},
            AutoTuneOptions={"DesiredState": "DISABLED"},
            TagList=NAME_TAG,
        )
        yield client


def _status(client: Any) -> Any:
    return client.describe_domain(DomainName="example")["DomainStatus"]


def test_a_domain_in_a_vpc_tells_its_network_and_its_endpoint_there(search: Any) -> None:
    status = _status(search)
    assert status["Endpoints"]["vpc"].startswith("vpc-example-")
    assert "Endpoint" not in status
    assert status["VPCOptions"]["VPCId"].startswith("vpc-")
    assert status["VPCOptions"]["AvailabilityZones"] == list(ZONES)


def test_security_logs_and_tuning_are_kept(search: Any) -> None:
    status = _status(search)
    assert status["AdvancedSecurityOptions"]["Enabled"]
    assert status["DomainEndpointOptions"]["TLSSecurityPolicy"] == "Policy-Min-TLS-1-2-PFS-2023-10"
    assert status["LogPublishingOptions"]["ES_APPLICATION_LOGS"]["Enabled"]
    config = search.describe_domain_config(DomainName="example")["DomainConfig"]
    assert config["AutoTuneOptions"]["Options"]["DesiredState"] == "DISABLED"
    assert config["VPCOptions"]["Status"]["State"] == "Active"
    arn = status["ARN"]
    assert tags(search.list_tags(ARN=arn)["TagList"]) == {"Name": "example"}


def test_an_update_leaves_what_it_does_not_name(search: Any) -> None:
    search.update_domain_config(DomainName="example", ClusterConfig={"InstanceCount": 6})
    cluster = _status(search)["ClusterConfig"]
    assert (cluster["InstanceCount"], cluster["InstanceType"]) == (6, "r7g.large.search")


def test_a_domain_is_upgraded(search: Any) -> None:
    search.upgrade_domain(DomainName="example", TargetVersion="OpenSearch_2.19")
    assert search.get_upgrade_status(DomainName="example")["StepStatus"] == "SUCCEEDED"
    assert _status(search)["EngineVersion"] == "OpenSearch_2.19"


def test_a_second_domain_of_the_name_is_refused(search: Any) -> None:
    with pytest.raises(ClientError, match="ResourceAlreadyExistsException"):
        search.create_domain(DomainName="example")


def test_a_deleted_domain_is_gone_with_its_tags(search: Any) -> None:
    arn = _status(search)["ARN"]
    search.delete_domain(DomainName="example")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        _status(search)
    assert not search.list_domain_names()["DomainNames"]
    assert not search.list_tags(ARN=arn)["TagList"]
