"""GuardDuty: who behaves in the account, and on its nodes, as an intruder would."""

from typing import Final

import pulumi
import pulumi_aws as aws

from patchbay_infra.context import Context
from patchbay_infra.watching.events import tell

# From here on a finding is of high severity (GuardDuty's guide, "Severity levels of GuardDuty findings").
_HIGH: Final = 7
# All that a new detector has on by itself (API reference, CreateDetector): stated, so that none is turned off unseen.
# GuardDuty reads the logins of no MariaDB, and there are no functions; Security Hub's controls ask for both anyway.
_FEATURES: Final = (
    "EBS_MALWARE_PROTECTION",
    "EKS_AUDIT_LOGS",
    "LAMBDA_NETWORK_LOGS",
    "RDS_LOGIN_EVENTS",
    "S3_DATA_EVENTS",
)
# On nodes of EKS, GuardDuty keeps its agent by itself; there are no other machines.
_AGENTS: Final = {
    "EKS_ADDON_MANAGEMENT": "ENABLED",
    "ECS_FARGATE_AGENT_MANAGEMENT": "DISABLED",
    "EC2_AGENT_MANAGEMENT": "DISABLED",
}


def threats(name: str, *, context: Context, parent: pulumi.Resource) -> aws.guardduty.Detector:
    """The account's detector in the region. It watches AWS' calls, names and flows, clusters, nodes and objects."""
    child = pulumi.ResourceOptions(parent=parent, delete_before_replace=True)
    detector = aws.guardduty.Detector(
        name,
        enable=True,
        finding_publishing_frequency="FIFTEEN_MINUTES",
        tags=context.tags(name),
        opts=child,
    )
    below = pulumi.ResourceOptions(parent=parent)
    # GuardDuty adds parts to features over time, and the provider would offer to take them away in each preview
    # (terraform-provider-aws issue 36695).
    as_given = pulumi.ResourceOptions(parent=parent, ignore_changes=["additionalConfigurations"])
    for feature in _FEATURES:
        aws.guardduty.DetectorFeature(
            f"{name}-{feature.lower().replace('_', '-')}",
            detector_id=detector.id,
            name=feature,
            status="ENABLED",
            opts=as_given,
        )
    aws.guardduty.DetectorFeature(
        f"{name}-runtime-monitoring",
        detector_id=detector.id,
        name="RUNTIME_MONITORING",
        status="ENABLED",
        additional_configurations=[
            aws.guardduty.DetectorFeatureAdditionalConfigurationArgs(name=agent, status=status)
            for agent, status in _AGENTS.items()
        ],
        opts=below,
    )
    return detector


def threat_notices(name: str, *, context: Context, topic_arn: pulumi.Input[str], parent: pulumi.Resource) -> None:
    """Findings of high and critical severity are told to the topic."""
    pattern = {
        "source": ["aws.guardduty"],
        "detail-type": ["GuardDuty Finding"],
        "detail": {"severity": [{"numeric": [">=", _HIGH]}]},
    }
    tell(
        name,
        pattern,
        "GuardDuty found a threat of high severity: look at it in its console, and follow its remedy.",
        context=context,
        topic_arn=topic_arn,
        parent=parent,
    )
