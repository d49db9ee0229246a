"""What the edge gives: tenants' names led to their clusters over TLS, and strangers kept from the key ingresses."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pytest
from patchbay_infra.context import Context
from patchbay_infra.edge.component import Edge
from patchbay_infra.edge.config import EdgeConfig
from patchbay_infra.edge.routing import faults, host_rules
from patchbay_infra.network.component import Network
from patchbay_infra.network.config import NetworkConfig
from patchbay_infra.platform_demands import PlatformDemands

from tests.unit.infra.mocks import ACCOUNT, PRODUCTION, STAGING, Recorded, mock_arn, mock_id, record
from tests.unit.infra.refusals import refusal

LOGS_KEY = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/logs"
DOMAIN = "flows.example.com"
CLUSTERS = {"main": ["first"], "second": ["one", "two"]}
CONFIG: dict[str, Any] = {
    "domain": DOMAIN,
    "zoneId": "Z0123456789",
    "defaultCluster": "main",
    "keyIngresses": {"horizon": {"prefixes": ["/horizon/"], "allowlist": ["198.51.100.0/24", "192.0.2.7"]}},
}
VALIDATION = {"resourceRecordName": "_x.example.com", "resourceRecordType": "CNAME", "resourceRecordValue": "_y.aws"}
OUTPUTS: Mapping[str, Mapping[str, Any]] = {
    "ec2/vpc:Vpc": {"defaultNetworkAclId": "acl-default"},
    "ec2/eip:Eip": {"publicIp": "203.0.113.10"},
    "acm/certificate:Certificate": {"domainValidationOptions": [VALIDATION]},
    "route53/record:Record": {"fqdn": "_x.example.com"},
    "route53/zone:Zone": {"zoneId": "ZMADE", "nameServers": ["ns1.example.net"]},
    "lb/loadBalancer:LoadBalancer": {"dnsName": "edge.example.net", "zoneId": "ZELB", "arnSuffix": "app/edge/1"},
    "lb/targetGroup:TargetGroup": {"arnSuffix": "targetgroup/main/1"},
}


def edge(
    config: Mapping[str, Any] = CONFIG,
    clusters: Mapping[str, Sequence[str]] = CLUSTERS,
    context: Context = PRODUCTION,
) -> Recorded:
    def program() -> Mapping[str, Any]:
        network = Network(
            "network",
            NetworkConfig.model_validate({"cidr": "10.20.0.0/16"}),
            context=context,
            logs_key_arn=LOGS_KEY,
            opts=pulumi.ResourceOptions(),
        )
        made = Edge(
            "edge",
            EdgeConfig.model_validate(config),
            context=context,
            network=network,
            clusters=clusters,
            demands=PlatformDemands(gateway_port=30180, gateway_health_port=30181),
            logs_key_arn=LOGS_KEY,
            opts=pulumi.ResourceOptions(),
        )
        return {
            "targets": made.target_group_arns,
            "suffix": made.load_balancer_arn_suffix,
            "zone": made.zone_id,
            "nameServers": made.name_servers,
            "group": made.security_group_id,
            "public": network.public_subnet_ids,
        }

    return record(program, outputs=OUTPUTS)


@pytest.fixture(scope="module")
def production() -> Recorded:
    return edge()


def changed(**changes: Any) -> dict[str, Any]:
    return {**CONFIG, **changes}


def let_in(recorded: Recorded) -> set[tuple[str, int, int]]:
    group = recorded.outputs["group"]
    rules = [one.inputs for one in recorded.of("SecurityGroupIngressRule") if one.inputs["securityGroupId"] == group]
    return {(one["cidrIpv4"], one["fromPort"], one["toPort"]) for one in rules}


def opened_in_the_public_subnets(recorded: Recorded) -> set[int]:
    return {
        one.inputs["fromPort"]
        for one in recorded.of("NetworkAclRule")
        if one.name.startswith("edge") and one.inputs["networkAclId"] == mock_id("network-acl-public")
    }


def firewall_rules(recorded: Recorded) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = sorted(recorded.one("WebAcl").inputs["rules"], key=lambda rule: rule["priority"])
    return found


def test_a_tenants_name_leads_to_its_cluster_and_every_other_to_the_default(production: Recorded) -> None:
    led = {
        tuple(one.inputs["conditions"][0]["hostHeader"]["values"]): one.inputs["actions"][0]["targetGroupArn"]
        for one in production.of("ListenerRule")
    }
    assert led == {
        (f"one.{DOMAIN}", f"two.{DOMAIN}"): production.outputs["targets"]["second"],
        (f"*.{DOMAIN}",): production.outputs["targets"]["main"],
    }


def test_a_name_of_nobodys_is_answered_404(production: Recorded) -> None:
    (action,) = production.one("lb/listener:Listener").inputs["defaultActions"]
    assert (action["type"], action["fixedResponse"]["statusCode"]) == ("fixed-response", "404")


def test_the_wildcard_is_asked_last_and_no_rule_holds_more_hosts_than_aws_allows() -> None:
    clusters = {"main": [], "second": [f"tenant-{number}" for number in range(12)], "third": ["other"]}
    rules = host_rules(EdgeConfig.model_validate(CONFIG), clusters)
    assert rules[-1].hosts == (f"*.{DOMAIN}",)
    assert all(rule.priority < rules[-1].priority for rule in rules[:-1])
    assert len({rule.priority for rule in rules}) == len(rules)
    assert [len(rule.hosts) for rule in rules] == [5, 5, 2, 1, 1]


def test_a_rule_keeps_its_priority_when_a_cluster_comes_or_goes() -> None:
    config = EdgeConfig.model_validate(CONFIG)
    before = {rule.name: rule.priority for rule in host_rules(config, {"main": [], "third": ["other"]})}
    after = {rule.name: rule.priority for rule in host_rules(config, {"main": [], "second": ["x"], "third": ["other"]})}
    assert before.items() <= after.items()


def test_priorities_stay_apart_however_many_rules_there_are() -> None:
    clusters = {"main": [], **{f"cluster-{number}": ["tenant"] for number in range(2_000)}}
    priorities = [rule.priority for rule in host_rules(EdgeConfig.model_validate(CONFIG), clusters)]
    assert len(set(priorities)) == len(priorities)
    assert 1 <= min(priorities) < max(priorities) == 50_000


def test_the_only_cluster_is_the_default_one() -> None:
    config = EdgeConfig.model_validate({"domain": DOMAIN})
    (rule,) = host_rules(config, {"main": ["first"]})
    assert (rule.cluster, rule.hosts) == ("main", (f"*.{DOMAIN}",))


def test_tenants_are_spoken_to_over_current_tls_only(production: Recorded) -> None:
    listener = production.one("lb/listener:Listener").inputs
    assert (listener["port"], listener["protocol"]) == (443, "HTTPS")
    assert listener["sslPolicy"].startswith("ELBSecurityPolicy-TLS13-1-2-")
    certificate = production.one("acm/certificate:Certificate")
    assert (certificate.inputs["domainName"], certificate.inputs["validationMethod"]) == (f"*.{DOMAIN}", "DNS")
    assert listener["certificateArn"] == production.one("CertificateValidation").inputs["certificateArn"]


def test_the_certificate_is_proven_in_the_zone(production: Recorded) -> None:
    proof = production.one("route53/record:Record", "edge-domain-validation").inputs
    assert (proof["zoneId"], proof["name"], proof["type"], proof["records"]) == (
        "Z0123456789",
        "_x.example.com",
        "CNAME",
        ["_y.aws"],
    )


def test_every_tenants_name_is_the_load_balancers(production: Recorded) -> None:
    record_ = production.one("route53/record:Record", "edge-tenants").inputs
    assert record_["name"] == f"*.{DOMAIN}"
    assert record_["aliases"] == [{"name": "edge.example.net", "zoneId": "ZELB", "evaluateTargetHealth": True}]


def test_an_existing_zone_is_used_and_else_one_is_made_and_its_name_servers_told(production: Recorded) -> None:
    assert production.of("route53/zone:Zone") == []
    assert (production.outputs["zone"], production.outputs["nameServers"]) == ("Z0123456789", [])
    made = edge(changed(zoneId=None))
    assert made.one("route53/zone:Zone").inputs["name"] == DOMAIN
    assert made.one("route53/zone:Zone").protect
    assert (made.outputs["zone"], made.outputs["nameServers"]) == ("ZMADE", ["ns1.example.net"])


def test_the_world_reaches_https_and_nothing_else(production: Recorded) -> None:
    assert let_in(production) == {("0.0.0.0/0", 443, 443)}
    assert opened_in_the_public_subnets(production) == {443}
    assert [one.inputs["port"] for one in production.of("lb/listener:Listener")] == [443]


def test_the_load_balancer_sends_nowhere_until_a_cluster_lets_it(production: Recorded) -> None:
    assert production.of("SecurityGroupEgressRule") == []


def test_plain_http_is_redirected_where_it_is_asked_for() -> None:
    recorded = edge(changed(redirectHttp=True))
    assert let_in(recorded) == {("0.0.0.0/0", 443, 443), ("0.0.0.0/0", 80, 80)}
    assert opened_in_the_public_subnets(recorded) == {443, 80}
    (action,) = recorded.one("lb/listener:Listener", "edge-balancer-http").inputs["defaultActions"]
    assert action["type"] == "redirect"
    assert action["redirect"] == {"protocol": "HTTPS", "port": "443", "statusCode": "HTTP_301"}


def test_malformed_requests_do_not_pass_the_load_balancer(production: Recorded) -> None:
    balancer = production.one("lb/loadBalancer:LoadBalancer").inputs
    assert balancer["dropInvalidHeaderFields"] is True
    assert balancer["desyncMitigationMode"] == "strictest"
    assert set(balancer["subnets"]) == set(production.outputs["public"].values())


def test_only_production_refuses_to_be_deleted(production: Recorded) -> None:
    kept = production.one("lb/loadBalancer:LoadBalancer")
    assert kept.protect
    assert kept.inputs["enableDeletionProtection"] is True
    assert edge(context=STAGING).one("lb/loadBalancer:LoadBalancer").inputs["enableDeletionProtection"] is False


def test_the_gateway_of_each_cluster_is_asked_whether_it_is_well(production: Recorded) -> None:
    groups = production.of("TargetGroup")
    assert {group.inputs["name"] for group in groups} == {"patchbay-production-main", "patchbay-production-second"}
    assert {group.inputs["port"] for group in groups} == {30180}
    assert {(one.inputs["healthCheck"]["port"], one.inputs["healthCheck"]["path"]) for one in groups} == {
        ("30181", "/healthz")
    }


def test_requests_are_logged_to_a_private_bucket_that_forgets(production: Recorded) -> None:
    bucket = production.one("s3/bucket:Bucket")
    assert bucket.inputs["bucket"] == f"patchbay-production-edge-logs-{ACCOUNT}"
    assert production.one("lb/loadBalancer:LoadBalancer").inputs["accessLogs"] == {
        "bucket": bucket.id,
        "enabled": True,
    }
    block = production.one("BucketPublicAccessBlock").inputs
    assert [value for key, value in block.items() if key != "bucket"] == [True] * 4
    (rule,) = production.one("BucketLifecycleConfiguration").inputs["rules"]
    assert rule["expiration"] == {"days": 30}
    (encryption,) = production.one("BucketServerSideEncryptionConfiguration").inputs["rules"]
    assert encryption["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "AES256"}


def test_only_elastic_load_balancing_writes_this_accounts_logs_and_only_over_tls(production: Recorded) -> None:
    delivery, plain = json.loads(production.one("BucketPolicy").inputs["policy"])["Statement"]
    bucket = f"arn:aws:s3:::patchbay-production-edge-logs-{ACCOUNT}"
    assert delivery["Principal"] == {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}
    assert (delivery["Action"], delivery["Resource"]) == (["s3:PutObject"], [f"{bucket}/AWSLogs/{ACCOUNT}/*"])
    assert (plain["Effect"], plain["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_strangers_at_a_key_ingress_are_blocked_before_anything_else(production: Recorded) -> None:
    first = firewall_rules(production)[0]
    assert first["action"] == {"block": {}}
    path, stranger = first["statement"]["andStatement"]["statements"]
    match = path["byteMatchStatement"]
    assert (match["positionalConstraint"], match["searchString"]) == ("STARTS_WITH", "/horizon/")
    assert match["fieldToMatch"] == {"uriPath": {}}
    known = stranger["notStatement"]["statement"]["ipSetReferenceStatement"]
    assert known["arn"] == mock_arn("edge-firewall-horizon")
    assert production.one("IpSet").inputs["addresses"] == ["192.0.2.7/32", "198.51.100.0/24"]


def test_a_path_is_recognised_however_it_is_spelled(production: Recorded) -> None:
    statement = firewall_rules(production)[0]["statement"]["andStatement"]["statements"][0]
    spellings = sorted(statement["byteMatchStatement"]["textTransformations"], key=lambda one: one["priority"])
    assert [one["type"] for one in spellings] == ["URL_DECODE", "NORMALIZE_PATH", "LOWERCASE"]


def test_each_address_has_a_rate_and_is_told_when_it_exceeds_it() -> None:
    recorded = edge(changed(requestsPerFiveMinutes=500))
    (rate,) = [rule for rule in firewall_rules(recorded) if rule["name"] == "rate"]
    assert rate["statement"]["rateBasedStatement"] == {
        "aggregateKeyType": "IP",
        "limit": 500,
        "evaluationWindowSec": 300,
    }
    assert rate["action"] == {"block": {"customResponse": {"responseCode": 429}}}


@pytest.mark.parametrize(("managed_rules", "override"), [("count", {"count": {}}), ("block", {"none": {}})])
def test_aws_managed_rules_count_until_they_are_put_in_force(managed_rules: str, override: Mapping[str, Any]) -> None:
    production = edge(changed(managedRules=managed_rules))
    managed = {
        rule["name"]: rule["statement"]["managedRuleGroupStatement"]
        for rule in firewall_rules(production)
        if "managedRuleGroupStatement" in rule["statement"]
    }
    assert set(managed) == {
        "AWSManagedRulesAmazonIpReputationList",
        "AWSManagedRulesKnownBadInputsRuleSet",
        "AWSManagedRulesCommonRuleSet",
    }
    counted = {name: [one["name"] for one in group.get("ruleActionOverrides", ())] for name, group in managed.items()}
    assert counted.pop("AWSManagedRulesCommonRuleSet") == ["SizeRestrictions_BODY"]
    assert not any(counted.values())
    assert all(rule["overrideAction"] == override for rule in firewall_rules(production) if rule["name"] in managed)


def test_the_firewall_stands_before_the_load_balancer_and_lets_in_what_no_rule_blocks(production: Recorded) -> None:
    assert production.one("WebAclAssociation").inputs == {
        "webAclArn": mock_arn("edge-firewall"),
        "resourceArn": mock_arn("edge-balancer"),
    }
    assert production.one("WebAcl").inputs["defaultAction"] == {"allow": {}}
    assert production.one("WebAcl").inputs["scope"] == "REGIONAL"


def test_the_firewalls_log_holds_no_credential_and_is_written_by_aws_only(production: Recorded) -> None:
    group = production.one("LogGroup", "edge-firewall").inputs
    assert group["name"] == "aws-waf-logs-patchbay-production-edge"
    assert (group["kmsKeyId"], group["retentionInDays"]) == (LOGS_KEY, 30)
    redacted = production.one("WebAclLoggingConfiguration").inputs["redactedFields"]
    headers = {field["singleHeader"]["name"] for field in redacted if "singleHeader" in field}
    assert headers == {"authorization", "cookie", "x-api-key", "x-webhook-key"}
    assert [field for field in redacted if "singleHeader" not in field] == [{"queryString": {}}]
    (statement,) = json.loads(production.one("LogResourcePolicy").inputs["policyDocument"])["Statement"]
    assert statement["Principal"] == {"Service": "delivery.logs.amazonaws.com"}
    assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT}


def test_shield_is_there_where_it_is_asked_for(production: Recorded) -> None:
    assert production.of("shield/protection:Protection") == []
    protected = edge(changed(shield=True)).one("shield/protection:Protection")
    assert protected.inputs["resourceArn"] == mock_arn("edge-balancer")


def test_every_resource_is_found_again_by_its_name(production: Recorded) -> None:
    names = Counter((one.type, one.inputs["tags"]["Name"]) for one in production.resources if "tags" in one.inputs)
    assert max(names.values()) == 1


def ingress(allowlist: list[Any], prefixes: Sequence[str] = ("/horizon/",)) -> dict[str, Any]:
    return {"keyIngresses": {"keys": {"prefixes": list(prefixes), "allowlist": allowlist}}}


TWICE = {"keyIngresses": {name: {"prefixes": ["/a/"], "allowlist": ["192.0.2.0/24"]} for name in ("one", "two")}}
ALLOWLIST = "keyIngresses.keys.allowlist"


@pytest.mark.parametrize(
    ("changes", "field", "remedy"),
    [
        (ingress([]), ALLOWLIST, "list the networks that may call"),
        (ingress(["0.0.0.0/0"]), f"{ALLOWLIST}[0]", "narrow it to the callers' own networks"),
        (ingress(["192.0.2.0/24", "64.0.0.0/7"]), f"{ALLOWLIST}[1]", "narrow it to the callers' own networks"),
        (ingress([f"{first}.0.0.0/8" for first in range(128)]), ALLOWLIST, "admits half of the world; narrow it"),
        (ingress(["192.0.2.0/24", "192.0.2.0/24"]), ALLOWLIST, "remove the narrower one"),
        (ingress(["192.0.2.0/24", "192.0.2.9/32"]), ALLOWLIST, "remove the narrower one"),
        (ingress(["192.0.2.9/24"]), f"{ALLOWLIST}[0]", "write the network's first address"),
        (ingress(["2001:db8::/32"]), f"{ALLOWLIST}[0]", "write it as 192.0.2.0/24"),
        (ingress(["192.0.2.0/24"], []), "keyIngresses.keys.prefixes", "at least 1 item"),
        (ingress(["192.0.2.0/24"], ["horizon"]), "keyIngresses.keys.prefixes[0]", "should match pattern"),
        (TWICE, "keyIngresses", "keep it under one allowlist"),
        ({"domain": "Flows.example.com"}, "domain", "write it in lower case"),
        ({"domain": "flows"}, "domain", "should match pattern"),
        ({"zoneId": "zone"}, "zoneId", "should match pattern"),
        ({"idleSeconds": 60}, "idleSeconds", "greater than or equal to 76"),
        ({"requestsPerFiveMinutes": 9}, "requestsPerFiveMinutes", "greater than or equal to 10"),
        ({"logDays": 31}, "logDays", "set 30, 90, 365 or another of its periods"),
        ({"certificate": "x"}, "certificate", "correct its spelling or remove it"),
    ],
)
def test_a_refused_edge_names_the_field_and_the_remedy(changes: Mapping[str, Any], field: str, remedy: str) -> None:
    told = refusal(EdgeConfig, changed(**changes))
    assert told.startswith(f"{field}: ")
    assert remedy in told
    assert "192.0.2.9" not in told


@pytest.mark.parametrize(
    ("default", "clusters", "remedy"),
    [
        (None, {"main": [], "second": []}, "name the cluster that serves what no other cluster claims"),
        ("third", {"main": []}, "name one of `clusters`"),
        ("main", {"main": [], "a-rather-long-name": []}, "shorten environment.name or the cluster's name"),
        ("main", {"main": [], "second": [f"t{number}" for number in range(500)]}, "let the largest cluster be"),
    ],
)
def test_clusters_that_the_edge_cannot_lead_to_are_refused(
    default: str | None, clusters: Mapping[str, Sequence[str]], remedy: str
) -> None:
    config = EdgeConfig.model_validate(changed(defaultCluster=default))
    ((field, told),) = faults(config, clusters, PRODUCTION)
    assert field == "defaultCluster"
    assert remedy in told


def test_clusters_of_a_usual_environment_are_led_to() -> None:
    assert list(faults(EdgeConfig.model_validate(CONFIG), CLUSTERS, PRODUCTION)) == []


def test_production_is_held_to_more_than_other_environments() -> None:
    weak = EdgeConfig.model_validate({"domain": DOMAIN, "logDays": 7})
    assert {field for field, _ in weak.faults(production=True)} == {"keyIngresses", "logDays"}
    assert list(weak.faults(production=False)) == []
    assert list(EdgeConfig.model_validate(CONFIG).faults(production=True)) == []
