"""OpenSearch domains."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from patchbay_standins.pulumi_plugins.aws_provider.convert import from_aws
from patchbay_standins.pulumi_plugins.aws_provider.fields import document
from patchbay_standins.pulumi_plugins.aws_provider.resource import Resource, Values
from patchbay_standins.pulumi_plugins.aws_provider.row import Call, Field, Ready, Row, Tags, Update
from patchbay_standins.pulumi_plugins.aws_provider.sdk import resource_type

_DOMAIN = "aws:opensearch/domain:Domain"
_ENCRYPTION: Final = ("encryptAtRest", "nodeToNodeEncryption")


def _upgrade(resource: Resource) -> None:
    resource.call(
        "upgrade_domain", DomainName=resource.value("domainName"), TargetVersion=resource.inputs["engineVersion"]
    )


def _security(resource: Resource, live: Values) -> Any:
    """What AWS tells, with the master user, of which it tells nothing."""
    declared = resource_type(_DOMAIN).outputs["advancedSecurityOptions"].type
    told = from_aws(live.get("AdvancedSecurityOptions"), declared, {})
    given = (resource.value("advancedSecurityOptions") or {}).get("masterUserOptions")
    return {**(told or {}), **({"masterUserOptions": given} if given else {})}


def _encode_logs(value: Any) -> dict[str, Any]:
    return {
        item["logType"]: {
            "CloudWatchLogsLogGroupArn": item["cloudwatchLogGroupArn"],
            "Enabled": item.get("enabled", True),
        }
        for item in value
    }


def _decode_logs(value: Any) -> list[dict[str, Any]]:
    return [
        {
            "logType": kind,
            "cloudwatchLogGroupArn": item["CloudWatchLogsLogGroupArn"],
            "enabled": item["Enabled"],
        }
        for kind, item in sorted(value.items())
    ]


def _all_logs(value: Any) -> list[Any]:
    return sorted(({"enabled": True, **item} for item in value or ()), key=lambda item: item["logType"])


def _tuning(value: Any) -> dict[str, Any]:
    return {"DesiredState": "ENABLED" if value.get("State", "").startswith("ENABLE") else "DISABLED"}


def _replaced(old: Values, new: Values) -> Iterator[str]:
    """Protection can be turned on and not off, and a domain enters or leaves a VPC only by being made anew."""
    for name in (*_ENCRYPTION, "advancedSecurityOptions"):
        if _enabled(old.get(name)) and not _enabled(new.get(name)):
            yield name
    if bool(old.get("vpcOptions")) != bool(new.get("vpcOptions")):
        yield "vpcOptions"


def _enabled(options: Any) -> bool:
    # What is not known before the deployment is taken for protected.
    return bool(options.get("enabled")) if isinstance(options, Mapping) else options is not None


ROWS = (
    Row(
        _DOMAIN,
        "opensearch",
        create=Call("create_domain", at="DomainStatus"),
        id="{ARN}",
        parse=lambda identifier: {"domainName": identifier.rpartition("/")[2]},
        read=Call("describe_domain", {"DomainName": "{domainName}"}, at="DomainStatus"),
        updates=(
            Update(("engineVersion",), _upgrade),
            # Before the access control, which needs both.
            Update(_ENCRYPTION, Call("update_domain_config", {"DomainName": "{domainName}"}, only=_ENCRYPTION)),
            Update(
                (
                    "accessPolicies",
                    "advancedOptions",
                    "advancedSecurityOptions",
                    "autoTuneOptions",
                    "clusterConfig",
                    "cognitoOptions",
                    "domainEndpointOptions",
                    "ebsOptions",
                    "ipAddressType",
                    "logPublishingOptions",
                    "offPeakWindowOptions",
                    "snapshotOptions",
                    "softwareUpdateOptions",
                    "vpcOptions",
                ),
                Call("update_domain_config", omit=_ENCRYPTION),
            ),
        ),
        delete=Call("delete_domain", {"DomainName": "{domainName}"}),
        fields=(
            document("accessPolicies"),
            Field("autoTuneOptions", decode=_tuning),
            Field("encryptAtRest", aws="EncryptionAtRestOptions"),
            Field("logPublishingOptions", encode=_encode_logs, decode=_decode_logs, normal=_all_logs),
            Field("nodeToNodeEncryption", aws="NodeToNodeEncryptionOptions"),
            Field("endpoint", read="Endpoint || Endpoints.vpc"),
            Field("dashboardEndpoint", read="join('', [Endpoint || Endpoints.vpc, '/_dashboards'])"),
        ),
        outputs={"advancedSecurityOptions": _security},
        tags=Tags(
            create="TagList",
            tag=Call("add_tags", {"ARN": "{id}"}),
            untag=Call("remove_tags", {"ARN": "{id}"}),
            read=Call("list_tags", {"ARN": "{id}"}),
        ),
        ready=Ready(at="Processing", done=(False,)),
        name="domainName",
        required=("domainName",),
        fixed=("encryptAtRest.kmsKeyId",),
        replaced=_replaced,
    ),
)
