"""OpenSearch: where a domain's network lies, partial updates, upgrades."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from moto.ec2.models import ec2_backends
from moto.logs.models import logs_backends
from moto.opensearch.models import OpenSearchDomain, OpenSearchServiceBackend, opensearch_backends

from patchbay_standins.aws import policy_documents
from patchbay_standins.aws.moto_objects import arguments, shown
from patchbay_standins.aws.service import BY_MOTO, AwsError, Call, Result, Served, Service

SERVICE: Final = Service("opensearch", signing_name="es")

_WRITERS: Final = {"es.amazonaws.com", "opensearchservice.amazonaws.com"}
_LOG_RIGHTS: Final = ("logs:CreateLogStream", "logs:PutLogEvents", "logs:PutLogEventsBatch")
_ENDPOINT_DEFAULTS: Final = {
    "EnforceHTTPS": False,
    "TLSSecurityPolicy": "Policy-Min-TLS-1-0-2019-07",
    "CustomEndpointEnabled": False,
}
# Sections of a domain that an update may change, as moto's domain names them.
_SECTIONS: Final = (
    "cluster_config",
    "ebs_options",
    "access_policies",
    "snapshot_options",
    "vpc_options",
    "cognito_options",
    "encryption_at_rest_options",
    "node_to_node_encryption_options",
    "advanced_options",
    "log_publishing_options",
    "domain_endpoint_options",
    "advanced_security_options",
    "auto_tune_options",
    "off_peak_window_options",
    "software_update_options",
)


def _backend(call: Call) -> OpenSearchServiceBackend:
    found: OpenSearchServiceBackend = opensearch_backends[call.account][call.region]
    return found


def _domain(call: Call) -> OpenSearchDomain:
    return _backend(call).describe_domain(call["DomainName"])


def _network(call: Call, options: dict[str, Any]) -> dict[str, Any]:
    """The VPC options with what AWS derives from them."""
    subnets = [ec2_backends[call.account][call.region].get_subnet(subnet) for subnet in options.get("SubnetIds", ())]
    if not subnets:
        return options
    return {
        **options,
        "VPCId": subnets[0].vpc_id,
        "AvailabilityZones": sorted({subnet.availability_zone for subnet in subnets}),
    }


def _complete(call: Call, domain: OpenSearchDomain) -> None:
    """Fills in what AWS adds to the sections that were given."""
    if domain.vpc_options:
        domain.vpc_options = _network(call, domain.vpc_options)
    domain.domain_endpoint_options = {**_ENDPOINT_DEFAULTS, **domain.domain_endpoint_options}
    desired = domain.auto_tune_options.get("DesiredState", "ENABLED")
    domain.auto_tune_options = {**domain.auto_tune_options, "DesiredState": desired, "State": desired}
    if "AutoSoftwareUpdateEnabled" not in domain.software_update_options:
        # moto's default is made of the service's software status.
        domain.software_update_options = {"AutoSoftwareUpdateEnabled": False}


def _status(call: Call, domain: OpenSearchDomain) -> Result:
    return shown(call, {"DomainStatus": domain.to_dict()})


@SERVICE.operation("CreateDomain")
def create_domain(call: Call) -> Result:
    name = call["DomainName"]
    if name in _backend(call).domains:
        raise AwsError("ResourceAlreadyExistsException", f"Domain {name} already exists.", status=409)
    given = arguments(call)
    _require_sections(call, given)
    sections: dict[str, Any] = {section: given.get(section) for section in _SECTIONS}
    domain = _backend(call).create_domain(
        domain_name=name,
        engine_version=given.get("engine_version", "OpenSearch_2.19"),
        tag_list=given.get("tag_list", []),
        is_es=False,
        elasticsearch_version=None,
        elasticsearch_cluster_config=None,
        **sections,
    )
    mark = hashlib.sha256(domain.arn.encode()).hexdigest()[:26]
    if domain.endpoints:
        domain.endpoints = {"vpc": f"vpc-{name}-{mark}.{call.region}.es.amazonaws.com"}
    else:
        domain.endpoint = f"search-{name}-{mark}.{call.region}.es.amazonaws.com"
    _complete(call, domain)
    return _status(call, domain)


@SERVICE.operation("DescribeDomain")
def describe_domain(call: Call) -> Result:
    return _status(call, _domain(call))


@SERVICE.operation("DescribeDomains")
def describe_domains(call: Call) -> Result:
    domains = _backend(call).describe_domains(call["DomainNames"])
    return shown(call, {"DomainStatusList": [domain.to_dict() for domain in domains]})


def _config(call: Call, domain: OpenSearchDomain) -> Result:
    status = {
        "CreationDate": domain.engine_version.create_time,
        "UpdateDate": domain.engine_version.update_time,
        "State": "Active",
    }
    sections = {
        name: {"Options": section["Options"], "Status": status} for name, section in domain.to_config_dict().items()
    }
    sections["AutoTuneOptions"]["Status"] = {**status, "State": domain.auto_tune_options["State"]}
    return shown(call, {"DomainConfig": sections})


@SERVICE.operation("DescribeDomainConfig")
def describe_domain_config(call: Call) -> Result:
    return _config(call, _domain(call))


@SERVICE.operation("UpdateDomainConfig")
def update_domain_config(call: Call) -> Result:
    domain = _domain(call)
    changed: dict[str, Any] = {}
    for section, value in _given_sections(call):
        present = getattr(domain, section)
        # What a section leaves out stays as it is.
        changed[section] = {**(present or {}), **value} if isinstance(value, dict) else value
    _require_sections(call, {section: getattr(domain, section) for section in _SECTIONS} | changed)
    for section, value in changed.items():
        setattr(domain, section, value)
    _complete(call, domain)
    return _config(call, domain)


def _require_sections(call: Call, sections: Mapping[str, Any]) -> None:
    """What AWS refuses of a domain's sections, as moto names them."""
    cluster = sections.get("cluster_config") or {}
    zones = 1
    if cluster.get("ZoneAwarenessEnabled"):
        zones = int((cluster.get("ZoneAwarenessConfig") or {}).get("AvailabilityZoneCount") or 2)
    subnets = (sections.get("vpc_options") or {}).get("SubnetIds")
    if subnets and len(subnets) != zones:
        # cyberlabrs/terraform-aws-opensearch 7
        exactly = "one subnet." if zones == 1 else f"{zones} subnets, one per zone."
        raise _invalid(f"You must specify exactly {exactly}")
    if zones == 2 and int(cluster.get("InstanceCount") or 1) % 2:
        # cloudposse/terraform-aws-elasticsearch 192
        raise _invalid("You must choose an even number of data nodes for a two Availability Zone deployment")
    tuned = (sections.get("auto_tune_options") or {}).get("DesiredState") == "ENABLED"
    if tuned and str(cluster.get("InstanceType", "")).startswith(("t2.", "t3.")):
        # hashicorp/terraform-provider-aws 30205
        raise _invalid(
            "Autotune is not supported in t2/t3 instance types. Disable autotune or change your instance type."
        )
    for log in (sections.get("log_publishing_options") or {}).values():
        if log.get("Enabled", True) and log.get("CloudWatchLogsLogGroupArn"):
            _require_log(call, log["CloudWatchLogsLogGroupArn"].removesuffix(":*"))


def _require_log(call: Call, arn: str) -> None:
    """Refuses a log group that no resource policy lets the service write to."""
    policies = logs_backends[call.account][call.region].resource_policies.values()
    for policy in policies:
        for statement in policy_documents.statements(policy.policy_document):
            if _WRITERS & set(policy_documents.principals(statement, "Service")) and policy_documents.allows(
                statement, _LOG_RIGHTS, f"{arn}:log-stream:example"
            ):
                return
    # awsdocs/amazon-opensearch-service-developer-guide 59
    name = arn.rpartition(":log-group:")[2]
    raise _invalid(
        f"The Resource Access Policy specified for the CloudWatch Logs log group {name} does not grant sufficient "
        "permissions for Amazon OpenSearch Service to create a log stream. Please check the Resource Access Policy."
    )


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationException", message)


def _given_sections(call: Call) -> Iterator[tuple[str, Any]]:
    given = arguments(call)
    return ((section, given[section]) for section in _SECTIONS if given.get(section) is not None)


@SERVICE.operation("UpgradeDomain")
def upgrade_domain(call: Call) -> Result:
    domain = _domain(call)
    if not call.get("PerformCheckOnly"):
        domain.engine_version.options = call["TargetVersion"]
    return {
        "DomainName": call["DomainName"],
        "TargetVersion": call["TargetVersion"],
        "PerformCheckOnly": call.get("PerformCheckOnly", False),
    }


@SERVICE.operation("GetUpgradeStatus")
def get_upgrade_status(call: Call) -> Result:
    version = _domain(call).engine_version.options
    return {"UpgradeStep": "UPGRADE", "StepStatus": "SUCCEEDED", "UpgradeName": f"Upgrade to {version}"}


@SERVICE.operation("DeleteDomain")
def delete_domain(call: Call) -> Served:
    _backend(call).tagger.delete_all_tags_for_resource(_domain(call).arn)
    return BY_MOTO
