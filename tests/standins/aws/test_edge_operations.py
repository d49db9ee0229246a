"""Certificates, load balancers and the web firewall through boto3."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.standins.aws.account import Account
from tests.standins.aws.launched import launched

VISIBILITY = {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": "example"}


@dataclass(frozen=True)
class Edge:
    account: Account
    balancers: Any
    certificates: Any
    firewall: Any
    balancer: str


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    with launched(tmp_path_factory.mktemp("emulator")) as account:
        network = account.network()
        security_group = account.security_group(network)
        balancers = account.client("elbv2")
        [balancer] = balancers.create_load_balancer(
            Name="example", Subnets=list(network.subnets), SecurityGroups=[security_group]
        )["LoadBalancers"]
        yield Edge(account, balancers, account.client("acm"), account.client("wafv2"), balancer["LoadBalancerArn"])


def _attributes(edge: Edge) -> dict[str, str]:
    found = edge.balancers.describe_load_balancer_attributes(LoadBalancerArn=edge.balancer)["Attributes"]
    return {attribute["Key"]: attribute["Value"] for attribute in found}


def test_a_certificate_is_issued_when_its_record_exists_and_kept_while_in_use(edge: Edge) -> None:
    arn = edge.certificates.request_certificate(
        DomainName="example.com",
        SubjectAlternativeNames=["*.example.com"],
        ValidationMethod="DNS",
        KeyAlgorithm="EC_prime256v1",
    )["CertificateArn"]
    pending = edge.certificates.describe_certificate(CertificateArn=arn)["Certificate"]
    assert (pending["Status"], pending["KeyAlgorithm"]) == ("PENDING_VALIDATION", "EC_prime256v1")
    assert pending["SubjectAlternativeNames"] == ["example.com", "*.example.com"]
    record = pending["DomainValidationOptions"][0]["ResourceRecord"]
    dns = edge.account.client("route53")
    zone = dns.create_hosted_zone(Name="example.com", CallerReference="example")["HostedZone"]["Id"]
    shown = {"Name": record["Name"], "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": record["Value"]}]}
    dns.change_resource_record_sets(
        HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": "UPSERT", "ResourceRecordSet": shown}]}
    )
    assert edge.certificates.describe_certificate(CertificateArn=arn)["Certificate"]["Status"] == "ISSUED"

    listener = edge.balancers.create_listener(
        LoadBalancerArn=edge.balancer,
        Protocol="HTTPS",
        Port=443,
        Certificates=[{"CertificateArn": arn}],
        SslPolicy="ELBSecurityPolicy-TLS13-1-2-2021-06",
        DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
    )["Listeners"][0]["ListenerArn"]
    with pytest.raises(ClientError, match="ResourceInUseException"):
        edge.certificates.delete_certificate(CertificateArn=arn)
    edge.balancers.delete_listener(ListenerArn=listener)
    edge.certificates.delete_certificate(CertificateArn=arn)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        edge.certificates.describe_certificate(CertificateArn=arn)


def test_an_application_load_balancer_tells_all_its_attributes(edge: Edge) -> None:
    assert _attributes(edge)["routing.http.drop_invalid_header_fields.enabled"] == "false"
    edge.balancers.modify_load_balancer_attributes(
        LoadBalancerArn=edge.balancer,
        Attributes=[{"Key": "routing.http.drop_invalid_header_fields.enabled", "Value": "true"}],
    )
    assert _attributes(edge)["routing.http.drop_invalid_header_fields.enabled"] == "true"
    assert _attributes(edge)["idle_timeout.timeout_seconds"] == "60"


def test_a_plain_listener_has_no_tls_policy(edge: Edge) -> None:
    redirect = {"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}}
    arn = edge.balancers.create_listener(
        LoadBalancerArn=edge.balancer, Protocol="HTTP", Port=80, DefaultActions=[redirect]
    )["Listeners"][0]["ListenerArn"]
    assert "SslPolicy" not in edge.balancers.describe_listeners(ListenerArns=[arn])["Listeners"][0]
    attributes = edge.balancers.describe_listener_attributes(ListenerArn=arn)["Attributes"]
    assert {"Key": "routing.http.response.server.enabled", "Value": "true"} in attributes


def test_what_the_firewall_uses_is_not_deleted(edge: Edge) -> None:
    waf = edge.firewall
    addresses = waf.create_ip_set(
        Name="example", Scope="REGIONAL", IPAddressVersion="IPV4", Addresses=["192.0.2.0/24"]
    )["Summary"]
    acl = waf.create_web_acl(
        Name="example",
        Scope="REGIONAL",
        DefaultAction={"Allow": {}},
        VisibilityConfig=VISIBILITY,
        Rules=[
            {
                "Name": "example",
                "Priority": 1,
                "Action": {"Block": {}},
                "VisibilityConfig": VISIBILITY,
                "Statement": {"NotStatement": {"Statement": {"IPSetReferenceStatement": {"ARN": addresses["ARN"]}}}},
            }
        ],
    )["Summary"]
    which = {"Name": "example", "Scope": "REGIONAL", "Id": acl["Id"]}
    waf.associate_web_acl(WebACLArn=acl["ARN"], ResourceArn=edge.balancer)
    assert waf.list_resources_for_web_acl(WebACLArn=acl["ARN"])["ResourceArns"] == [edge.balancer]
    with pytest.raises(ClientError, match="WAFAssociatedItemException"):
        waf.delete_web_acl(LockToken=acl["LockToken"], **which)
    address_set = {"Name": "example", "Scope": "REGIONAL", "Id": addresses["Id"]}
    with pytest.raises(ClientError, match="WAFAssociatedItemException"):
        waf.delete_ip_set(LockToken=addresses["LockToken"], **address_set)

    token = waf.update_web_acl(
        LockToken=acl["LockToken"], DefaultAction={"Allow": {}}, VisibilityConfig=VISIBILITY, Rules=[], **which
    )["NextLockToken"]
    assert not waf.get_web_acl(**which)["WebACL"]["Rules"]
    waf.disassociate_web_acl(ResourceArn=edge.balancer)
    waf.delete_ip_set(LockToken=addresses["LockToken"], **address_set)
    waf.delete_web_acl(LockToken=token, **which)
    assert not waf.list_web_acls(Scope="REGIONAL")["WebACLs"]


def test_firewall_logs_go_only_where_aws_lets_them(edge: Edge) -> None:
    acl = edge.firewall.create_web_acl(
        Name="logged", Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=VISIBILITY
    )["Summary"]["ARN"]
    group = "arn:aws:logs:eu-central-1:111122223333:log-group:"
    for name, allowed in (("aws-waf-logs-example", True), ("example", False)):
        config = {"ResourceArn": acl, "LogDestinationConfigs": [group + name]}
        if allowed:
            edge.firewall.put_logging_configuration(LoggingConfiguration=config)
        else:
            with pytest.raises(ClientError, match="field: LOG_DESTINATION"):
                edge.firewall.put_logging_configuration(LoggingConfiguration=config)


def test_a_protected_load_balancer_is_not_deleted(edge: Edge) -> None:
    def protect(value: str) -> None:
        edge.balancers.modify_load_balancer_attributes(
            LoadBalancerArn=edge.balancer, Attributes=[{"Key": "deletion_protection.enabled", "Value": value}]
        )

    protect("true")
    with pytest.raises(ClientError, match="deletion protection"):
        edge.balancers.delete_load_balancer(LoadBalancerArn=edge.balancer)
    protect("false")
    edge.balancers.delete_load_balancer(LoadBalancerArn=edge.balancer)
    assert not edge.balancers.describe_load_balancers()["LoadBalancers"]
