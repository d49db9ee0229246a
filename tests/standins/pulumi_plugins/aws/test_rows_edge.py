"""Names, certificate, load balancer and firewall, by the engine and the stand-in on the emulator."""

import pytest
from patchbay_operations.access import Access

from tests.standins.aws.account import Account
from tests.standins.pulumi_plugins.aws.rounds import is_found_again, is_made_again, is_taken_down, resources, stays
from tests.standins.pulumi_plugins.stack import Stack

pytestmark = pytest.mark.long

DOMAIN = """
COMMENT = "Tenants"
zone = aws.route53.Zone("main", name="example.com", comment=COMMENT, tags={"Name": "edge"}, opts=opts)
certificate = aws.acm.Certificate("main", domain_name="*.example.com", validation_method="DNS", tags={"Name": "edge"},
    opts=opts)
asked = certificate.domain_validation_options[0]
proof = aws.route53.Record("proof", zone_id=zone.zone_id, name=asked.resource_record_name,
    type=asked.resource_record_type, records=[asked.resource_record_value], ttl=300, opts=opts)
validation = aws.acm.CertificateValidation("main", certificate_arn=certificate.arn,
    validation_record_fqdns=[proof.fqdn], opts=opts)
for name, output in {
    "servers": zone.name_servers, "zone": zone.zone_id, "fqdn": proof.fqdn, "issued": validation.certificate_arn,
}.items():
    pulumi.export(name, output)
"""

BALANCER = """
HOSTS, ANSWER, IDLE, PATH, SECONDS = ["a.example.com", "b.example.com"], "Nobody lives here.", 120, "/healthz", 75
vpc = aws.ec2.Vpc("main", cidr_block="10.40.0.0/16", tags={"Name": "edge"}, opts=opts)
subnets = [aws.ec2.Subnet(f"subnet-{zone}", vpc_id=vpc.id, cidr_block=f"10.40.{index}.0/24",
    availability_zone=f"eu-central-1{zone}", tags={"Name": f"edge-{zone}"}, opts=opts)
    for index, zone in enumerate("abc")]
group = aws.ec2.SecurityGroup("main", name="edge", description="Edge", vpc_id=vpc.id, tags={"Name": "edge"}, opts=opts)
logs = aws.s3.Bucket("logs", bucket="example-edge-logs", force_destroy=True, opts=opts)
written = aws.s3.BucketPolicy("logs", bucket=logs.bucket, policy=json.dumps({"Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Action": "s3:PutObject",
    "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
    "Resource": "arn:aws:s3:::example-edge-logs/AWSLogs/111122223333/*"}]}), opts=opts)
balancer = aws.lb.LoadBalancer("main", name="edge", load_balancer_type="application", internal=False,
    ip_address_type="ipv4", subnets=[subnet.id for subnet in subnets], security_groups=[group.id],
    access_logs=aws.lb.LoadBalancerAccessLogsArgs(bucket="example-edge-logs", enabled=True),
    desync_mitigation_mode="strictest", drop_invalid_header_fields=True, preserve_host_header=True,
    enable_deletion_protection=False, idle_timeout=IDLE, tags={"Name": "edge"},
    opts=pulumi.ResourceOptions(provider=provider, depends_on=[written]))
targets = aws.lb.TargetGroup("main", name="edge-flows", vpc_id=vpc.id, target_type="instance", port=30080,
    protocol="HTTP", load_balancing_algorithm_type="least_outstanding_requests", deregistration_delay=SECONDS,
    health_check=aws.lb.TargetGroupHealthCheckArgs(port="30081", protocol="HTTP", path=PATH, matcher="200",
        interval=10, timeout=5, healthy_threshold=2, unhealthy_threshold=2),
    tags={"Name": "edge-flows"}, opts=opts)
https = aws.lb.Listener("https", load_balancer_arn=balancer.arn, port=443, protocol="HTTPS",
    ssl_policy="ELBSecurityPolicy-TLS13-1-2-2021-06", certificate_arn=validation.certificate_arn,
    default_actions=[aws.lb.ListenerDefaultActionArgs(type="fixed-response",
        fixed_response=aws.lb.ListenerDefaultActionFixedResponseArgs(
            content_type="text/plain", status_code="404", message_body=ANSWER))],
    tags={"Name": "edge-https"}, opts=opts)
http = aws.lb.Listener("http", load_balancer_arn=balancer.arn, port=80, protocol="HTTP",
    default_actions=[aws.lb.ListenerDefaultActionArgs(type="redirect",
        redirect=aws.lb.ListenerDefaultActionRedirectArgs(protocol="HTTPS", port="443", status_code="HTTP_301"))],
    tags={"Name": "edge-http"}, opts=opts)
rule = aws.lb.ListenerRule("main", listener_arn=https.arn, priority=1234,
    conditions=[aws.lb.ListenerRuleConditionArgs(host_header=aws.lb.ListenerRuleConditionHostHeaderArgs(values=HOSTS))],
    actions=[aws.lb.ListenerRuleActionArgs(type="forward", target_group_arn=targets.arn)],
    tags={"Name": "edge-flows"}, opts=opts)
aws.route53.Record("tenants", zone_id=zone.zone_id, name="*.example.com", type="A",
    aliases=[aws.route53.RecordAliasArgs(name=balancer.dns_name, zone_id=balancer.zone_id,
        evaluate_target_health=True)], opts=opts)
for name, output in {
    "balancer": balancer.arn_suffix, "targets": targets.arn_suffix, "address": balancer.dns_name,
    "zoneOfBalancer": balancer.zone_id,
}.items():
    pulumi.export(name, output)
"""

FIREWALL = """
ADDRESSES, LIMIT = ["203.0.113.0/24", "198.51.100.7/32"], 2000
def visible(name):
    return aws.wafv2.WebAclRuleVisibilityConfigArgs(
        cloudwatch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=True)
statement = aws.wafv2.WebAclRuleStatementArgs
allowlist = aws.wafv2.IpSet("main", name="edge-keys", description="May call keys", scope="REGIONAL",
    ip_address_version="IPV4", addresses=ADDRESSES, tags={"Name": "edge-keys"}, opts=opts)
path = aws.wafv2.WebAclRuleStatementByteMatchStatementArgs(
    positional_constraint="STARTS_WITH", search_string="/keys",
    field_to_match=aws.wafv2.WebAclRuleStatementByteMatchStatementFieldToMatchArgs(
        uri_path=aws.wafv2.WebAclRuleStatementByteMatchStatementFieldToMatchUriPathArgs()),
    text_transformations=[
        aws.wafv2.WebAclRuleStatementByteMatchStatementTextTransformationArgs(priority=priority, type=kind)
        for priority, kind in enumerate(["URL_DECODE", "NORMALIZE_PATH", "LOWERCASE"])])
known = statement(ip_set_reference_statement=aws.wafv2.WebAclRuleStatementIpSetReferenceStatementArgs(
    arn=allowlist.arn))
counted = aws.wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideArgs(
    name="SizeRestrictions_BODY",
    action_to_use=aws.wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideActionToUseArgs(
        count=aws.wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideActionToUseCountArgs()))
acl = aws.wafv2.WebAcl("main", name="edge", description="In front of the tenants", scope="REGIONAL",
    default_action=aws.wafv2.WebAclDefaultActionArgs(allow=aws.wafv2.WebAclDefaultActionAllowArgs()),
    rules=[
        aws.wafv2.WebAclRuleArgs(name="keys", priority=0,
            action=aws.wafv2.WebAclRuleActionArgs(block=aws.wafv2.WebAclRuleActionBlockArgs()),
            statement=statement(and_statement=aws.wafv2.WebAclRuleStatementAndStatementArgs(statements=[
                statement(byte_match_statement=path),
                statement(not_statement=aws.wafv2.WebAclRuleStatementNotStatementArgs(statement=known))])),
            visibility_config=visible("keys")),
        aws.wafv2.WebAclRuleArgs(name="rate", priority=1,
            action=aws.wafv2.WebAclRuleActionArgs(block=aws.wafv2.WebAclRuleActionBlockArgs(
                custom_response=aws.wafv2.WebAclRuleActionBlockCustomResponseArgs(response_code=429))),
            statement=statement(rate_based_statement=aws.wafv2.WebAclRuleStatementRateBasedStatementArgs(
                aggregate_key_type="IP", limit=LIMIT, evaluation_window_sec=300)),
            visibility_config=visible("rate")),
        aws.wafv2.WebAclRuleArgs(name="common", priority=2,
            override_action=aws.wafv2.WebAclRuleOverrideActionArgs(none=aws.wafv2.WebAclRuleOverrideActionNoneArgs()),
            statement=statement(managed_rule_group_statement=aws.wafv2.WebAclRuleStatementManagedRuleGroupStatementArgs(
                vendor_name="AWS", name="AWSManagedRulesCommonRuleSet", rule_action_overrides=[counted])),
            visibility_config=visible("common")),
    ],
    visibility_config=aws.wafv2.WebAclVisibilityConfigArgs(
        cloudwatch_metrics_enabled=True, metric_name="edge", sampled_requests_enabled=True),
    tags={"Name": "edge"}, opts=opts)
log = aws.cloudwatch.LogGroup("main", name="aws-waf-logs-edge", retention_in_days=30, tags={"Name": "edge"}, opts=opts)
aws.wafv2.WebAclLoggingConfiguration("main", resource_arn=acl.arn, log_destination_configs=[log.arn],
    redacted_fields=[*(aws.wafv2.WebAclLoggingConfigurationRedactedFieldArgs(
        single_header=aws.wafv2.WebAclLoggingConfigurationRedactedFieldSingleHeaderArgs(name=header))
        for header in ("authorization", "cookie")), aws.wafv2.WebAclLoggingConfigurationRedactedFieldArgs(
        query_string=aws.wafv2.WebAclLoggingConfigurationRedactedFieldQueryStringArgs())], opts=opts)
aws.wafv2.WebAclAssociation("main", web_acl_arn=acl.arn, resource_arn=balancer.arn, opts=opts)
aws.shield.Protection("main", name="edge", resource_arn=balancer.arn, tags={"Name": "edge"}, opts=opts)
"""

EDGE = DOMAIN + BALANCER + FIREWALL


def test_an_edge_is_made_kept_found_again_and_taken_down(
    stack: Stack, emulated: str, account: Account, access: Access
) -> None:
    stack.up(emulated + EDGE)
    made, outputs = resources(stack), stack.outputs()
    zone = outputs["zone"]
    assert made["Zone main"]["id"] == zone
    assert len(outputs["servers"]) > 1
    assert outputs["fqdn"].endswith(".example.com")
    assert made["Record proof"]["id"] == f"{zone}_{outputs['fqdn']}_CNAME"
    assert made["Record tenants"]["id"] == f"{zone}_*.example.com_A"
    assert outputs["issued"] == made["Certificate main"]["id"]
    (balancer,) = account.client("elbv2").describe_load_balancers()["LoadBalancers"]
    assert made["LoadBalancer main"]["id"] == balancer["LoadBalancerArn"]
    assert balancer["LoadBalancerArn"].endswith(f":loadbalancer/{outputs['balancer']}")
    assert outputs["balancer"].startswith("app/edge/")
    assert outputs["targets"].startswith("targetgroup/edge-flows/")
    assert (outputs["address"], outputs["zoneOfBalancer"]) == (balancer["DNSName"], balancer["CanonicalHostedZoneId"])
    firewall = account.client("wafv2").get_web_acl_for_resource(ResourceArn=balancer["LoadBalancerArn"])["WebACL"]
    assert made["WebAcl main"]["id"] == firewall["Id"]
    matched = firewall["Rules"][0]["Statement"]["AndStatement"]["Statements"][0]["ByteMatchStatement"]
    assert matched["SearchString"] == b"/keys"
    assert made["WebAclAssociation main"]["id"] == f"{firewall['ARN']},{balancer['LoadBalancerArn']}"

    stays(stack)
    is_found_again(stack, access)
    is_made_again(stack)
    is_taken_down(stack)
    assert account.client("route53").list_hosted_zones()["HostedZones"] == []
    assert account.client("elbv2").describe_load_balancers()["LoadBalancers"] == []


def test_an_edge_changes_in_place(stack: Stack, emulated: str, account: Account) -> None:
    stack.up(emulated + EDGE)
    before = resources(stack)
    changed = EDGE
    for old, new in {
        '"Tenants"': '"Other tenants"',
        '["a.example.com", "b.example.com"], "Nobody lives here.", 120, "/healthz", 75': (
            '["c.example.com"], "Nobody.", 60, "/health", 30'
        ),
        '["203.0.113.0/24", "198.51.100.7/32"], 2000': '["192.0.2.0/24"], 3000',
        "priority=1234": "priority=4321",
        "ttl=300": "ttl=60",
        '("authorization", "cookie")': '("cookie",)',
        'name="edge-flows", vpc_id': 'name="edge-flows", slow_start=30, vpc_id',
    }.items():
        assert old in changed
        changed = changed.replace(old, new)
    updated = stack.up(emulated + changed)
    assert updated.count("replaced") == 0, updated.output
    assert updated.count("updated") == 9, updated.output
    after = resources(stack)
    assert {name: item["id"] for name, item in after.items()} == {name: item["id"] for name, item in before.items()}
    elbv2, wafv2 = account.client("elbv2"), account.client("wafv2")
    balancer, targets = before["LoadBalancer main"]["id"], before["TargetGroup main"]["id"]
    attributes = elbv2.describe_load_balancer_attributes(LoadBalancerArn=balancer)["Attributes"]
    assert {"Key": "idle_timeout.timeout_seconds", "Value": "60"} in attributes
    group = elbv2.describe_target_groups(TargetGroupArns=[targets])["TargetGroups"][0]
    assert (group["HealthCheckPath"], group["HealthCheckIntervalSeconds"]) == ("/health", 10)
    delay = elbv2.describe_target_group_attributes(TargetGroupArn=targets)["Attributes"]
    assert {"Key": "deregistration_delay.timeout_seconds", "Value": "30"} in delay
    rule = elbv2.describe_rules(RuleArns=[before["ListenerRule main"]["id"]])["Rules"][0]
    assert rule["Priority"] == "4321"
    assert rule["Conditions"][0]["HostHeaderConfig"]["Values"] == ["c.example.com"]
    (addresses,) = wafv2.list_ip_sets(Scope="REGIONAL")["IPSets"]
    found = wafv2.get_ip_set(Scope="REGIONAL", Name=addresses["Name"], Id=addresses["Id"])["IPSet"]
    assert found["Addresses"] == ["192.0.2.0/24"]
    firewall = wafv2.get_web_acl_for_resource(ResourceArn=balancer)["WebACL"]
    assert firewall["Rules"][1]["Statement"]["RateBasedStatement"]["Limit"] == 3000
    stays(stack)

    # What somebody else changed meanwhile is seen, and put right.
    wafv2.update_ip_set(
        Scope="REGIONAL",
        Name=addresses["Name"],
        Id=addresses["Id"],
        Addresses=["0.0.0.0/1"],
        LockToken=wafv2.get_ip_set(Scope="REGIONAL", Name=addresses["Name"], Id=addresses["Id"])["LockToken"],
    )
    refreshed = stack.succeed("refresh", "--yes")
    assert refreshed.count("updated") == 1, refreshed.output
    assert stack.up(emulated + changed).count("updated") == 1
    found = wafv2.get_ip_set(Scope="REGIONAL", Name=addresses["Name"], Id=addresses["Id"])["IPSet"]
    assert found["Addresses"] == ["192.0.2.0/24"]
    is_taken_down(stack)


def test_a_certificate_without_its_record_is_not_waited_for(stack: Stack, emulated: str) -> None:
    stack.write(emulated + DOMAIN.replace("[proof.fqdn]", '["other.example.com"]'))
    failed = stack.fail("up", "--yes", "--skip-preview")
    assert "validationRecordFqdns lacks" in failed.output
    is_taken_down(stack)


def test_a_record_of_another_type_takes_the_place_of_the_first(stack: Stack, emulated: str, account: Account) -> None:
    text = """
zone = aws.route53.Zone("main", name="example.com", comment="Example", opts=opts)
record = aws.route53.Record("entry", zone_id=zone.zone_id, name="www.example.com", type=TYPE, records=[VALUE], ttl=60,
    opts=opts)
pulumi.export("zone", zone.zone_id)
"""
    stack.up(emulated + 'TYPE, VALUE = "A", "192.0.2.1"\n' + text)
    changed = stack.up(emulated + 'TYPE, VALUE = "CNAME", "other.example.com"\n' + text)
    assert (changed.count("updated"), changed.count("replaced")) == (1, 0), changed.output
    zone = str(stack.outputs()["zone"])
    records = account.client("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    assert [record["Type"] for record in records if record["Name"] == "www.example.com."] == ["CNAME"]
    stays(stack)
    is_taken_down(stack)
