"""Whether a changed input replaces a resource: the provider stand-in's answer, CloudFormation's, and the provider's.

CloudFormation's is `createOnlyProperties` of a type's schema. The real provider decides: where it differs from that, or
where `conditionalCreateOnlyProperties` has a property and leaves both open, a row of `PROVIDER` tells its answer.
"""

import enum
import json
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

from patchbay_policies.model import UNKNOWN
from patchbay_standins.pulumi_plugins.aws_provider.difference import compare
from patchbay_standins.pulumi_plugins.aws_provider.rows import TABLE

from tests.schemas import cloudformation


class Answer(enum.Enum):
    REPLACES = "replaces"
    UPDATES = "updates"
    IGNORES = "ignores"


@dataclass(frozen=True, slots=True)
class Differs:
    """An input, and all below it, for which the provider's answer is not CloudFormation's, or that has none."""

    type: str
    property: str
    answer: Answer
    why: str
    source: str

    def covers(self, kind: str, path: str) -> bool:
        return kind == self.type and (path == self.property or path.startswith(f"{self.property}."))


def standin(kind: str, inputs: Mapping[str, Any], path: str) -> Answer:
    """What the provider stand-in does where one value at a path changes."""
    before = _deployed(inputs)
    changed = deepcopy(before)
    _change(changed, path.split("."))
    difference = compare(TABLE[kind], before, changed, before)
    if not difference.changes:
        return Answer.IGNORES
    return Answer.REPLACES if difference.replaces else Answer.UPDATES


def formation(places: Iterable[tuple[str, str]]) -> Answer | None:
    """What CloudFormation does where the property at one of its places changes; None if that depends."""
    found = set()
    for kind, pointer in places:
        if _below(pointer, cloudformation.sometimes_create_only(kind)):
            return None
        found.add(Answer.REPLACES if _below(pointer, cloudformation.create_only(kind)) else Answer.UPDATES)
    return found.pop() if len(found) == 1 else None


def _below(pointer: str, pointers: frozenset[str]) -> bool:
    return any(pointer == other or pointer.startswith(f"{other}/") for other in pointers)


def _deployed(value: Any) -> Any:
    """The value with something in place of what the deployment tells."""
    if isinstance(value, Mapping):
        return {name: _deployed(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_deployed(inner) for inner in value]
    return "deployed" if value is UNKNOWN else value


def _change(inside: Any, path: list[str]) -> bool:
    """Changes the first value at a path, in place."""
    if isinstance(inside, list):
        return any(_change(item, path) for item in inside)
    if not isinstance(inside, dict) or path[0] not in inside:
        return False
    name, *rest = path
    if rest:
        return _change(inside[name], rest)
    inside[name] = _other(inside[name])
    return True


def _other(value: Any) -> Any:
    """A value of the same type."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case dict():
            return {**value, "other": "other"}
        case list():
            return [*value, _other(value[0])] if value else ["other"]
        case _:
            return _other_text(value)


def _other_text(text: str) -> str:
    if text.isdigit():
        return str(int(text) + 1)
    return json.dumps({**json.loads(text), "Other": "other"}) if text.startswith("{") else f"{text}-other"


_PROTECTION: Final = "in place where it is turned on, a new domain where it is turned off"
_OWN: Final = "a resource of its own in the provider, without an update of this property"
_TAGS: Final = "the provider tags every type in place"
_RULE: Final = "ModifySecurityGroupRules; a rule of another kind of peer is a new one"
_SERVICE: Final = "provider, internal/service/"

PROVIDER: Final = (
    Differs(
        "aws:acm/certificate:Certificate",
        "validationMethod",
        Answer.REPLACES,
        "ForceNew",
        f"{_SERVICE}acm/certificate.go",
    ),
    Differs(
        "aws:autoscaling/attachment:Attachment",
        "lbTargetGroupArn",
        Answer.REPLACES,
        _OWN,
        f"{_SERVICE}autoscaling/attachment.go",
    ),
    Differs("aws:autoscaling/tag:Tag", "tag.key", Answer.REPLACES, "ForceNew", f"{_SERVICE}autoscaling/group_tag.go"),
    *(
        Differs(
            "aws:backup/vaultLockConfiguration:VaultLockConfiguration",
            name,
            Answer.REPLACES,
            "ForceNew",
            f"{_SERVICE}backup/vault_lock_configuration.go",
        )
        for name in ("maxRetentionDays", "minRetentionDays")
    ),
    Differs(
        "aws:budgets/budget:Budget",
        "notifications",
        Answer.UPDATES,
        "deletes and creates notifications, which are no resources",
        f"{_SERVICE}budgets/budget.go",
    ),
    Differs(
        "aws:cloudwatch/eventTarget:EventTarget",
        "targetId",
        Answer.REPLACES,
        _OWN,
        f"{_SERVICE}events/target.go",
    ),
    Differs(
        "aws:costexplorer/anomalyMonitor:AnomalyMonitor",
        "tags",
        Answer.UPDATES,
        _TAGS,
        f"{_SERVICE}ce/anomaly_monitor.go",
    ),
    Differs(
        "aws:costexplorer/anomalySubscription:AnomalySubscription",
        "tags",
        Answer.UPDATES,
        _TAGS,
        f"{_SERVICE}ce/anomaly_subscription.go",
    ),
    Differs("aws:ec2/eip:Eip", "domain", Answer.REPLACES, "ForceNew", f"{_SERVICE}ec2/ec2_eip.go"),
    Differs(
        "aws:ec2/internetGateway:InternetGateway",
        "vpcId",
        Answer.UPDATES,
        "detaches the gateway and attaches it",
        f"{_SERVICE}ec2/vpc_internet_gateway.go",
    ),
    *(
        Differs(
            "aws:ec2/networkAclRule:NetworkAclRule",
            name,
            Answer.REPLACES,
            "ForceNew, though ReplaceNetworkAclEntry exists",
            f"{_SERVICE}ec2/vpc_network_acl_rule.go",
        )
        for name in ("cidrBlock", "fromPort", "protocol", "ruleAction", "toPort")
    ),
    Differs(
        "aws:ec2clientvpn/endpoint:Endpoint", "tags", Answer.UPDATES, _TAGS, f"{_SERVICE}ec2/vpnclient_endpoint.go"
    ),
    *(
        Differs(
            "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
            name,
            Answer.REPLACES,
            _OWN,
            f"{_SERVICE}eks/access_policy_association.go",
        )
        for name in ("accessScope", "policyArn")
    ),
    Differs(
        "aws:eks/nodeGroup:NodeGroup", "launchTemplate.id", Answer.REPLACES, "ForceNew", f"{_SERVICE}eks/node_group.go"
    ),
    *(
        Differs(
            "aws:elasticache/parameterGroup:ParameterGroup",
            name,
            Answer.REPLACES,
            "ForceNew; ElastiCache has no call that changes it",
            f"{_SERVICE}elasticache/parameter_group.go",
        )
        for name in ("description", "name")
    ),
    Differs(
        "aws:guardduty/detectorFeature:DetectorFeature",
        "name",
        Answer.REPLACES,
        _OWN,
        f"{_SERVICE}guardduty/detector_feature.go",
    ),
    Differs(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "policyArn",
        Answer.REPLACES,
        _OWN,
        f"{_SERVICE}iam/role_policy_attachment.go",
    ),
    *(
        Differs(
            "aws:opensearch/domain:Domain",
            f"{name}.enabled",
            Answer.REPLACES,
            _PROTECTION,
            f"{_SERVICE}opensearch/domain.go, CustomizeDiff",
        )
        for name in ("advancedSecurityOptions", "encryptAtRest", "nodeToNodeEncryption")
    ),
    Differs(
        "aws:opensearch/domain:Domain",
        "encryptAtRest.kmsKeyId",
        Answer.REPLACES,
        "ForceNew",
        f"{_SERVICE}opensearch/domain.go",
    ),
    *(
        Differs("aws:rds/instance:Instance", name, Answer.REPLACES, "ForceNew", f"{_SERVICE}rds/instance.go")
        for name in ("availabilityZone", "engine")
    ),
    *(
        Differs("aws:rds/instance:Instance", name, Answer.UPDATES, "not ForceNew", f"{_SERVICE}rds/instance.go")
        for name in (
            "autoMinorVersionUpgrade",
            "backupRetentionPeriod",
            "maintenanceWindow",
            "multiAz",
            "parameterGroupName",
            "performanceInsightsKmsKeyId",
        )
    ),
    Differs(
        "aws:rds/instance:Instance",
        "replicateSourceDb",
        Answer.UPDATES,
        "without it the read copy is promoted; another source is refused when it is applied",
        f"{_SERVICE}rds/instance.go, resourceInstanceUpdate",
    ),
    Differs(
        "aws:rds/instance:Instance",
        "dbSubnetGroupName",
        Answer.UPDATES,
        "not ForceNew: ModifyDBInstance moves an instance",
        f"{_SERVICE}rds/instance.go",
    ),
    Differs(
        "aws:rds/instance:Instance",
        "passwordWo",
        Answer.IGNORES,
        "write-only: no state remembers it; a change of passwordWoVersion sends it",
        "provider, website/docs/r/db_instance.html.markdown, password_wo",
    ),
    *(
        Differs(
            "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication",
            name,
            Answer.REPLACES,
            _OWN,
            f"{_SERVICE}rds/instance_automated_backups_replication.go",
        )
        for name in ("kmsKeyId", "retentionPeriod")
    ),
    Differs(
        "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication",
        "region",
        Answer.REPLACES,
        "the region that manages a resource is part of what it is",
        "provider, website/docs/guides/enhanced-region-support.html.markdown",
    ),
    Differs("aws:route53/record:Record", "name", Answer.REPLACES, "ForceNew", f"{_SERVICE}route53/record.go"),
    Differs(
        "aws:s3/bucket:Bucket",
        "objectLockEnabled",
        Answer.REPLACES,
        "ForceNew",
        f"{_SERVICE}s3/bucket.go",
    ),
    Differs(
        "aws:securityhub/account:Account",
        "enableDefaultStandards",
        Answer.REPLACES,
        "ForceNew",
        f"{_SERVICE}securityhub/account.go",
    ),
    Differs("aws:sns/topicPolicy:TopicPolicy", "arn", Answer.REPLACES, "ForceNew", f"{_SERVICE}sns/topic_policy.go"),
    *(
        Differs(kind, name, Answer.UPDATES, _RULE, f"{_SERVICE}ec2/vpc_security_group_ingress_rule.go")
        for kind in (
            "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
            "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        )
        for name in ("cidrIpv4", "fromPort", "ipProtocol", "referencedSecurityGroupId", "toPort")
    ),
    Differs("aws:wafv2/ipSet:IpSet", "ipAddressVersion", Answer.REPLACES, "ForceNew", f"{_SERVICE}wafv2/ip_set.go"),
)
