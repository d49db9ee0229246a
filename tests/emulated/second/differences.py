"""What the second emulator, MiniStack 1.5.33, does otherwise than the first: for each, what AWS' documentation says.

Whatever is not in a table has to be as the first emulator has it. A line that no longer holds fails the test, too.
"""

from collections.abc import Mapping
from typing import Final

# Type of the resource -> what AWS has, by the API reference of the call, and what MiniStack answers.
REFUSED: Final[Mapping[str, str]] = {
    "aws:autoscaling/attachment:Attachment": "AttachLoadBalancerTargetGroups: an action that it does not know",
    "aws:costexplorer/anomalyMonitor:AnomalyMonitor": "Cost Explorer: a service that it does not have",
    # VPC User Guide, "Control subnet traffic": each subnet is associated with a network ACL, the default one at first.
    "aws:ec2/networkAclAssociation:NetworkAclAssociation": "its subnets have no default network ACL",
    "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration": (
        "PutRegistryScanningConfiguration: an action that it does not know"
    ),
    "aws:elasticache/user:User": "its answer is no XML: the access string's `&` stands in it as it is",
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": (
        "PutLoggingConfiguration: an action that it does not know"
    ),
}

# Type -> inputs that read otherwise after they were made, and why.
READ_OTHERWISE: Final[Mapping[str, Mapping[str, str]]] = {
    "aws:autoscaling/tag:Tag": {"tag": "DescribeTags: the filter `key` is ignored, so that another tag is found"},
    "aws:cloudwatch/metricAlarm:MetricAlarm": {"metricQueries": "follows from the read copy's identifier"},
    "aws:ec2/flowLog:FlowLog": {"tags": "CreateFlowLogs: TagSpecifications are lost"},
    "aws:ec2/launchTemplate:LaunchTemplate": {"blockDeviceMappings": "KmsKeyId of a volume is lost"},
    "aws:eks/nodeGroup:NodeGroup": {"launchTemplate": "follows from the template"},
    "aws:elasticache/parameterGroup:ParameterGroup": {
        "parameters": "DescribeCacheParameters: Source=user tells of the engine's defaults, too"
    },
    "aws:rds/instance:Instance": {
        # DescribeDBInstances: the filter `dbi-resource-id`. What follows are the other copy's values.
        "availabilityZone": "the filter is ignored, so that another instance is found",
        "backupRetentionPeriod": "the same",
        "dbSubnetGroupName": "the same",
        "identifier": "the same",
        "replicateSourceDb": "the same",
        "tags": "the same",
        "backupWindow": "CreateDBInstance: PreferredBackupWindow is ignored",
        "enabledCloudwatchLogsExports": "CreateDBInstance: EnableCloudwatchLogsExports is ignored",
    },
}

_OF_THE_NETWORK: Final = (
    "routes",
    "tiers",
    "edge only",
    "data isolated",
    "data reachable",
    "API servers",
    "defaults",
    "zones",
)
# Check of `make emulate` -> why it cannot hold there.
UNSEEN: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        (*_OF_THE_NETWORK, "rights"),
        "DescribeNetworkInterfaces leaves out Groups, which every interface has",
    ),
    **dict.fromkeys(
        ("forbidden calls", "wildcards", "node role", "trust"),
        "AWS' own policy AmazonEC2ContainerRegistryPullOnly is not there",
    ),
    "copies apart": "CreateDBInstanceReadReplica: AvailabilityZone is ignored",
    "node discovery": "the Auto Scaling groups' tags are lost",
    "instance metadata": "DescribeNodegroup leaves out launchTemplate",
    "guards of the account": "there is no GuardDuty",
}
