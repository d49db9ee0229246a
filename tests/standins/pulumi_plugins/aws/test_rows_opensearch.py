"""The row of OpenSearch domains, tried with the arguments of the search component."""

from collections.abc import Iterator

import pytest

from tests.standins.aws.account import Account
from tests.standins.aws.launched import launched
from tests.standins.pulumi_plugins.aws.rows import change, destroy, program, settle
from tests.standins.pulumi_plugins.stack import Stack

pytestmark = pytest.mark.long

SEARCH = """
log = aws.cloudwatch.LogGroup("search", name="/search", retention_in_days=30, tags={"Name": "search"}, opts=opts)
written = aws.cloudwatch.LogResourcePolicy("search", policy_name="search", policy_document=log.arn.apply(
    lambda arn: json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Principal": {"Service": "es.amazonaws.com"}, "Resource": f"{arn}:*",
        "Action": ["logs:PutLogEvents", "logs:PutLogEventsBatch", "logs:CreateLogStream"]}]})), opts=opts)
window = aws.opensearch.DomainOffPeakWindowOptionsOffPeakWindowWindowStartTimeArgs(hours=HOUR, minutes=0)
domain = aws.opensearch.Domain("search", domain_name="search", engine_version=VERSION,
    cluster_config=aws.opensearch.DomainClusterConfigArgs(instance_type="r7g.large.search", instance_count=COUNT,
        zone_awareness_enabled=True,
        zone_awareness_config=aws.opensearch.DomainClusterConfigZoneAwarenessConfigArgs(availability_zone_count=3),
        dedicated_master_enabled=True, dedicated_master_type="m7g.large.search", dedicated_master_count=3),
    ebs_options=aws.opensearch.DomainEbsOptionsArgs(ebs_enabled=True, volume_type="gp3", volume_size=50),
    vpc_options=aws.opensearch.DomainVpcOptionsArgs(subnet_ids=subnets, security_group_ids=[group.id]),
    encrypt_at_rest=aws.opensearch.DomainEncryptAtRestArgs(enabled=True, kms_key_id=key.arn),
    node_to_node_encryption=aws.opensearch.DomainNodeToNodeEncryptionArgs(enabled=True),
    domain_endpoint_options=aws.opensearch.DomainDomainEndpointOptionsArgs(enforce_https=True,
        tls_security_policy="Policy-Min-TLS-1-2-PFS-2023-10"),
    advanced_security_options=aws.opensearch.DomainAdvancedSecurityOptionsArgs(enabled=True,
        internal_user_database_enabled=False,
        master_user_options=aws.opensearch.DomainAdvancedSecurityOptionsMasterUserOptionsArgs(
            master_user_arn="arn:aws:iam::111122223333:role/search")),
    access_policies=json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["es:*"],
        "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
        "Resource": "arn:aws:es:eu-central-1:111122223333:domain/search/*"}]}),
    log_publishing_options=[aws.opensearch.DomainLogPublishingOptionArgs(log_type=kind,
        cloudwatch_log_group_arn=log.arn, enabled=True) for kind in LOGS],
    off_peak_window_options=aws.opensearch.DomainOffPeakWindowOptionsArgs(enabled=True,
        off_peak_window=aws.opensearch.DomainOffPeakWindowOptionsOffPeakWindowArgs(window_start_time=window)),
    software_update_options=aws.opensearch.DomainSoftwareUpdateOptionsArgs(auto_software_update_enabled=True),
    tags={"Name": "search"}, opts=pulumi.ResourceOptions(provider=provider, depends_on=[written]))
pulumi.export("endpoint", domain.endpoint)
pulumi.export("arn", domain.arn)
pulumi.export("vpc", domain.vpc_options.vpc_id)
"""
FIRST = 'HOUR, VERSION, COUNT, LOGS = 1, "OpenSearch_2.17", 3, ["ES_APPLICATION_LOGS", "INDEX_SLOW_LOGS"]\n'
SECOND = 'HOUR, VERSION, COUNT, LOGS = 2, "OpenSearch_2.19", 6, ["INDEX_SLOW_LOGS", "ES_APPLICATION_LOGS"]\n'


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with launched(tmp_path_factory.mktemp("emulator")) as account:
        yield account


def test_a_domain_is_made_kept_changed_and_deleted(stack: Stack, account: Account) -> None:
    settle(stack, program(account, FIRST + SEARCH))
    client = account.client("opensearch")
    status = client.describe_domain(DomainName="search")["DomainStatus"]
    outputs = stack.outputs()
    assert outputs == {
        "endpoint": status["Endpoints"]["vpc"],
        "arn": status["ARN"],
        "vpc": status["VPCOptions"]["VPCId"],
    }
    assert set(status["LogPublishingOptions"]) == {"ES_APPLICATION_LOGS", "INDEX_SLOW_LOGS"}
    assert status["SoftwareUpdateOptions"]["AutoSoftwareUpdateEnabled"]

    change(stack, program(account, SECOND + SEARCH), updated=1)
    status = client.describe_domain(DomainName="search")["DomainStatus"]
    assert (status["EngineVersion"], status["ClusterConfig"]["InstanceCount"]) == ("OpenSearch_2.19", 6)
    assert status["OffPeakWindowOptions"]["OffPeakWindow"]["WindowStartTime"]["Hours"] == 2

    destroy(stack)
    assert not client.list_domain_names()["DomainNames"]


PLAIN = """
domain = aws.opensearch.Domain("search", domain_name="plain", engine_version="OpenSearch_2.19",
    cluster_config=aws.opensearch.DomainClusterConfigArgs(instance_type="r7g.large.search", instance_count=1),
    ebs_options=aws.opensearch.DomainEbsOptionsArgs(ebs_enabled=True, volume_type="gp3", volume_size=50),
    encrypt_at_rest=aws.opensearch.DomainEncryptAtRestArgs(enabled=ON),
    node_to_node_encryption=aws.opensearch.DomainNodeToNodeEncryptionArgs(enabled=ON), opts=opts)
"""


def test_a_domain_is_encrypted_in_place_and_made_anew_without(stack: Stack, account: Account) -> None:
    stack.up(program(account, "ON = False\n" + PLAIN))
    change(stack, program(account, "ON = True\n" + PLAIN), updated=1)
    status = account.client("opensearch").describe_domain(DomainName="plain")["DomainStatus"]
    assert status["EncryptionAtRestOptions"]["Enabled"]
    assert status["NodeToNodeEncryptionOptions"]["Enabled"]

    stack.write(program(account, "ON = False\n" + PLAIN))
    assert "replace" in stack.succeed("preview", "--diff").output
    destroy(stack)
