"""Load balancers, certificates, the web firewall and DNS."""

import json
from typing import Any

from tests.standins.aws.account import REGION, Account, new_name
from tests.standins.aws.refusals.row import Arguments, Table

BALANCERS = Table("elbv2")
CERTIFICATES = Table("acm")
DNS = Table("route53")
FIREWALL = Table("wafv2")

_NOT_FOUND = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]
_VISIBILITY = {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": "example"}


@BALANCERS.refuses(
    "create_load_balancer",
    "ValidationError",
    words="At least two subnets in two different Availability Zones must be specified",
    source="kasmtech/terraform 5",
)
def the_balancer_is_in_one_zone(account: Account) -> Arguments:
    return {"Name": new_name("balancer"), "Subnets": list(account.network().subnets[:1])}


@BALANCERS.refuses(
    "create_load_balancer",
    "InvalidConfigurationRequest",
    words="A load balancer cannot be attached to multiple subnets in the same Availability Zone",
    source="robertdebock/terraform-aws-vault 5",
)
def the_balancer_has_two_subnets_of_a_zone(account: Account) -> Arguments:
    network = account.network()
    other = account.client("ec2").create_subnet(
        VpcId=network.vpc, CidrBlock="10.0.9.0/24", AvailabilityZone=f"{REGION}a"
    )["Subnet"]["SubnetId"]
    return {"Name": new_name("balancer"), "Subnets": [*network.subnets, other]}


@BALANCERS.refuses(
    "create_listener",
    "UnsupportedCertificate",
    words="must have a fully-qualified domain name, a supported signature, and a supported key size.",
    source="hashicorp/terraform-provider-aws 41789",
)
def the_certificate_is_not_issued(account: Account) -> Arguments:
    return _secure_listener(_balancer(account), _certificate(account))


@BALANCERS.refuses(
    "create_listener",
    "ValidationError",
    words="A certificate must be specified for HTTPS listeners",
    source="pulumi/pulumi-awsx 1242",
)
def a_secure_listener_has_no_certificate(account: Account) -> Arguments:
    return {"LoadBalancerArn": _balancer(account), "Protocol": "HTTPS", "Port": 443, "DefaultActions": _NOT_FOUND}


@BALANCERS.refuses(
    "create_listener",
    "DuplicateListener",
    words="A listener already exists on this port for this load balancer",
    source="hashicorp/terraform 26407",
)
def the_port_has_a_listener(account: Account) -> Arguments:
    balancer = _balancer(account)
    _listener(account, balancer)
    target = {"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}}
    return {"LoadBalancerArn": balancer, "Protocol": "HTTP", "Port": 80, "DefaultActions": [target]}


@BALANCERS.refuses(
    "create_rule",
    "PriorityInUse",
    words="Priority '7' is currently in use",
    source="hashicorp/terraform 24239",
)
def two_rules_have_one_priority(account: Account) -> Arguments:
    rule = {
        "ListenerArn": _listener(account, _balancer(account)),
        "Priority": 7,
        "Conditions": [{"Field": "path-pattern", "Values": ["/example"]}],
        "Actions": _NOT_FOUND,
    }
    account.client("elbv2").create_rule(**rule)
    return {**rule, "Conditions": [{"Field": "path-pattern", "Values": ["/other"]}]}


@BALANCERS.refuses(
    "delete_target_group",
    "ResourceInUse",
    words="is currently in use by a listener or a rule",
    source="aws/copilot-cli 2593",
)
def a_rule_forwards_to_the_target_group(account: Account) -> Arguments:
    balancers = account.client("elbv2")
    [group] = balancers.create_target_group(
        Name=new_name("targets"), Protocol="HTTP", Port=80, VpcId=account.network().vpc, TargetType="ip"
    )["TargetGroups"]
    forward = [{"Type": "forward", "TargetGroupArn": group["TargetGroupArn"]}]
    balancers.create_rule(
        ListenerArn=_listener(account, _balancer(account)),
        Priority=1,
        Conditions=[{"Field": "path-pattern", "Values": ["/example"]}],
        Actions=forward,
    )
    return {"TargetGroupArn": group["TargetGroupArn"]}


@BALANCERS.refuses(
    "delete_load_balancer",
    "OperationNotPermitted",
    words="cannot be deleted because deletion protection is enabled",
    source="rebuy-de/aws-nuke 1240",
)
def the_balancer_is_protected(account: Account) -> Arguments:
    balancer = _balancer(account)
    account.client("elbv2").modify_load_balancer_attributes(
        LoadBalancerArn=balancer, Attributes=[{"Key": "deletion_protection.enabled", "Value": "true"}]
    )
    return {"LoadBalancerArn": balancer}


@BALANCERS.refuses(
    "modify_load_balancer_attributes",
    "InvalidConfigurationRequest",
    words="Please check S3bucket permission",
    source="terraform-aws-modules/terraform-aws-s3-bucket 185",
)
def the_logs_bucket_lets_nobody_write(account: Account) -> Arguments:
    return _logs(account, _log_bucket(account))


@BALANCERS.refuses(
    "modify_load_balancer_attributes",
    "InvalidConfigurationRequest",
    words="Please check S3bucket permission",
    source="aws/aws-cdk 21947",
)
def a_key_of_kms_encrypts_the_logs_bucket(account: Account) -> Arguments:
    s3, bucket = account.client("s3"), _log_bucket(account)
    service = {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}
    place = f"arn:aws:s3:::{bucket}/edge/AWSLogs/111122223333/*"
    write = {"Effect": "Allow", "Principal": service, "Action": "s3:PutObject", "Resource": place}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [write]}))
    arguments = _logs(account, bucket)
    account.client("elbv2").modify_load_balancer_attributes(**arguments)
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": account.key()}
    s3.put_bucket_encryption(
        Bucket=bucket,
        ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": default}]},
    )
    return arguments


@CERTIFICATES.refuses(
    "delete_certificate",
    "ResourceInUseException",
    words="in account 111122223333 is in use.",
    source="dfds/infrastructure-modules 5",
)
def a_listener_shows_the_certificate(account: Account) -> Arguments:
    certificate = _certificate(account)
    _validate(account, certificate)
    account.client("elbv2").create_listener(**_secure_listener(_balancer(account), certificate))
    return {"CertificateArn": certificate}


@FIREWALL.refuses("create_web_acl", "WAFDuplicateItemException", source="hashicorp/terraform-provider-aws 21577")
def the_firewalls_name_is_taken(account: Account) -> Arguments:
    given = _web_acl()
    account.client("wafv2").create_web_acl(**given)
    return given


@FIREWALL.refuses("create_ip_set", "WAFDuplicateItemException", source="API reference: CreateIPSet")
def the_address_sets_name_is_taken(account: Account) -> Arguments:
    given = {"Name": new_name("set"), "Scope": "REGIONAL", "IPAddressVersion": "IPV4", "Addresses": ["192.0.2.0/24"]}
    account.client("wafv2").create_ip_set(**given)
    return given


@FIREWALL.refuses(
    "put_logging_configuration",
    "WAFInvalidParameterException",
    words="Error reason: The ARN isn't valid. A valid ARN begins with arn: and includes other information separated "
    "by colons or slashes., field: LOG_DESTINATION, parameter: arn:aws:logs:",
    source="aws/aws-cdk 35311",
)
def the_log_groups_name_lacks_the_prefix(account: Account) -> Arguments:
    acl = account.client("wafv2").create_web_acl(**_web_acl())["Summary"]["ARN"]
    group = f"arn:aws:logs:{REGION}:111122223333:log-group:/aws/wafv2/example"
    return {"LoggingConfiguration": {"ResourceArn": acl, "LogDestinationConfigs": [group]}}


@DNS.refuses(
    "delete_hosted_zone",
    "HostedZoneNotEmpty",
    words="The specified hosted zone contains non-required resource record sets",
    source="gruntwork-io/cloud-nuke 704",
)
def the_zone_has_records(account: Account) -> Arguments:
    zone = _zone(account, "records.example")
    _change(account, zone, _alias("www.records.example"))
    return {"Id": zone}


@DNS.refuses(
    "change_resource_record_sets",
    "InvalidChangeBatch",
    words="but it already exists",
    source="widdix/node-route53-updater 3",
)
def the_record_is_there(account: Account) -> Arguments:
    zone = _zone(account, "twice.example")
    _change(account, zone, _alias("www.twice.example"))
    return {"HostedZoneId": zone, "ChangeBatch": _batch(_alias("www.twice.example"))}


@DNS.refuses(
    "change_resource_record_sets",
    "InvalidChangeBatch",
    words="is not permitted because a conflicting RRSet of type CNAME with the same DNS name already exists in zone",
    source="RJPearson94/terraform-aws-open-next 24",
)
def an_alias_has_the_name(account: Account) -> Arguments:
    zone = _zone(account, "conflict.example")
    _change(account, zone, _alias("www.conflict.example"))
    address = {"Name": "www.conflict.example", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
    return {"HostedZoneId": zone, "ChangeBatch": _batch(address)}


@DNS.refuses(
    "change_resource_record_sets",
    "InvalidChangeBatch",
    words="RRSet of type CNAME with DNS name www.alias.example. is not permitted as it conflicts with other records "
    "with the same DNS name in zone alias.example.",
    source="ansible-collections/amazon.aws 2694",
)
def an_address_has_the_name(account: Account) -> Arguments:
    zone = _zone(account, "alias.example")
    address = {"Name": "www.alias.example", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
    _change(account, zone, address)
    return {"HostedZoneId": zone, "ChangeBatch": _batch(_alias("www.alias.example"))}


def _balancer(account: Account) -> str:
    network = account.network()
    [made] = account.client("elbv2").create_load_balancer(Name=new_name("balancer"), Subnets=list(network.subnets))[
        "LoadBalancers"
    ]
    return str(made["LoadBalancerArn"])


def _listener(account: Account, balancer: str) -> str:
    [made] = account.client("elbv2").create_listener(
        LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=_NOT_FOUND
    )["Listeners"]
    return str(made["ListenerArn"])


def _secure_listener(balancer: str, certificate: str) -> dict[str, Any]:
    return {
        "LoadBalancerArn": balancer,
        "Protocol": "HTTPS",
        "Port": 443,
        "Certificates": [{"CertificateArn": certificate}],
        "DefaultActions": _NOT_FOUND,
    }


def _certificate(account: Account) -> str:
    """A certificate that waits for its record."""
    made = account.client("acm").request_certificate(
        DomainName=f"{new_name('www')}.certificates.example", ValidationMethod="DNS"
    )
    return str(made["CertificateArn"])


def _validate(account: Account, certificate: str) -> None:
    described = account.client("acm").describe_certificate(CertificateArn=certificate)["Certificate"]
    record = described["DomainValidationOptions"][0]["ResourceRecord"]
    zone = _zone(account, "certificates.example")
    shown = {"Name": record["Name"], "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": record["Value"]}]}
    _change(account, zone, shown)


def _log_bucket(account: Account) -> str:
    bucket = new_name("example-balancer-logs")
    account.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    return bucket


def _logs(account: Account, bucket: str) -> dict[str, Any]:
    logs = {"access_logs.s3.enabled": "true", "access_logs.s3.bucket": bucket, "access_logs.s3.prefix": "edge"}
    return {
        "LoadBalancerArn": _balancer(account),
        "Attributes": [{"Key": key, "Value": value} for key, value in logs.items()],
    }


def _web_acl() -> dict[str, Any]:
    return {
        "Name": new_name("firewall"),
        "Scope": "REGIONAL",
        "DefaultAction": {"Allow": {}},
        "VisibilityConfig": _VISIBILITY,
    }


def _zone(account: Account, name: str) -> str:
    made = account.client("route53").create_hosted_zone(Name=name, CallerReference=new_name("zone"))
    return str(made["HostedZone"]["Id"])


def _alias(name: str) -> dict[str, Any]:
    return {"Name": name, "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": "example.com"}]}


def _batch(record: dict[str, Any]) -> dict[str, Any]:
    return {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}


def _change(account: Account, zone: str, record: dict[str, Any]) -> None:
    account.client("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch=_batch(record))
