"""EC2: endpoints of AWS' services in a VPC, flow logs and launch templates."""

from typing import Any, Final

from patchbay_standins.pulumi_plugins.aws_provider.fields import document, ec2_tags, unordered
from patchbay_standins.pulumi_plugins.aws_provider.resource import Resource
from patchbay_standins.pulumi_plugins.aws_provider.row import Call, Field, Ready, Row, Update
from patchbay_standins.pulumi_plugins.plugin.errors import ProviderError

_SETS: Final = {
    "routeTableIds": "RouteTableIds",
    "subnetIds": "SubnetIds",
    "securityGroupIds": "SecurityGroupIds",
}
_FLOW_SOURCES: Final = {
    "vpcId": "VPC",
    "subnetId": "Subnet",
    "eniId": "NetworkInterface",
    "transitGatewayId": "TransitGateway",
    "transitGatewayAttachmentId": "TransitGatewayAttachment",
}
_FLOW_MEMBERS: Final = {
    "trafficType": "TrafficType",
    "iamRoleArn": "DeliverLogsPermissionArn",
    "logDestination": "LogDestination",
    "logDestinationType": "LogDestinationType",
    "logFormat": "LogFormat",
    "maxAggregationInterval": "MaxAggregationInterval",
}
# Parts of a launch template's data, by the names that differ from the SDK's.
_TEMPLATE_DATA: Final = {
    "blockDeviceMappings": "BlockDeviceMappings",
    "capacityReservationSpecification": "CapacityReservationSpecification",
    "cpuOptions": "CpuOptions",
    "creditSpecification": "CreditSpecification",
    "disableApiStop": "DisableApiStop",
    "disableApiTermination": "DisableApiTermination",
    "ebsOptimized": "EbsOptimized",
    "enclaveOptions": "EnclaveOptions",
    "iamInstanceProfile": "IamInstanceProfile",
    "imageId": "ImageId",
    "instanceInitiatedShutdownBehavior": "InstanceInitiatedShutdownBehavior",
    "instanceMarketOptions": "InstanceMarketOptions",
    "instanceType": "InstanceType",
    "keyName": "KeyName",
    "maintenanceOptions": "MaintenanceOptions",
    "metadataOptions": "MetadataOptions",
    "monitoring": "Monitoring",
    "networkInterfaces": "NetworkInterfaces",
    "placement": "Placement",
    "privateDnsNameOptions": "PrivateDnsNameOptions",
    "tagSpecifications": "TagSpecifications",
    "userData": "UserData",
    "vpcSecurityGroupIds": "SecurityGroupIds",
}


def _modify_endpoint(resource: Resource) -> None:
    parameters: dict[str, Any] = {"VpcEndpointId": resource.id}
    for name, member in _SETS.items():
        new, old = (set(values.get(name) or ()) for values in (resource.inputs, resource.before))
        if new - old:
            parameters[f"Add{member}"] = sorted(new - old)
        if old - new:
            parameters[f"Remove{member}"] = sorted(old - new)
    if resource.changed("privateDnsEnabled"):
        parameters["PrivateDnsEnabled"] = bool(resource.inputs.get("privateDnsEnabled"))
    if resource.changed("policy"):
        policy = resource.inputs.get("policy")
        parameters |= {"PolicyDocument": policy} if policy else {"ResetPolicy": True}
    resource.call("modify_vpc_endpoint", **parameters)


def _create_flow_log(resource: Resource) -> dict[str, str]:
    inputs = resource.inputs
    source = next((name for name in _FLOW_SOURCES if inputs.get(name)), None)
    if source is None:
        message = f"a flow log needs one of {', '.join(_FLOW_SOURCES)}"
        raise ProviderError(message)
    parameters: dict[str, Any] = {member: inputs[name] for name, member in _FLOW_MEMBERS.items() if inputs.get(name)}
    if inputs.get("tags"):
        tags = [{"Key": key, "Value": value} for key, value in inputs["tags"].items()]
        parameters["TagSpecifications"] = [{"ResourceType": "vpc-flow-log", "Tags": tags}]
    answer = resource.call(
        "create_flow_logs", ResourceIds=[inputs[source]], ResourceType=_FLOW_SOURCES[source], **parameters
    )
    for failure in answer.get("Unsuccessful") or ():
        message = f"CreateFlowLogs: {failure['Error']['Code']}: {failure['Error']['Message']}"
        raise ProviderError(message)
    return {"FlowLogId": answer["FlowLogIds"][0]}


def _flow_source(name: str, prefix: str) -> Field:
    return Field(name, read=f"starts_with(ResourceId, '{prefix}') && ResourceId || `null`")


def _set_default_version(resource: Resource) -> None:
    """Makes the newest version the default one if `updateDefaultVersion` says so."""
    if not resource.inputs.get("updateDefaultVersion"):
        return
    template = resource.call("describe_launch_templates", LaunchTemplateIds=[resource.id])["LaunchTemplates"][0]
    newest = str(template["LatestVersionNumber"])
    resource.call("modify_launch_template", LaunchTemplateId=resource.id, DefaultVersion=newest)


def _encode_tag_specifications(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "ResourceType": block["resourceType"],
            "Tags": [{"Key": key, "Value": value} for key, value in (block.get("tags") or {}).items()],
        }
        for block in blocks
    ]


def _decode_tag_specifications(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "resourceType": block["ResourceType"],
            "tags": {tag["Key"]: tag["Value"] for tag in block.get("Tags", ())},
        }
        for block in blocks
        # Those of the template itself, which some answers hold too.
        if block["ResourceType"] != "launch-template"
    ]


ROWS = (
    Row(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        "ec2",
        create=Call("create_vpc_endpoint", at="VpcEndpoint"),
        id="{VpcEndpointId}",
        read=Call("describe_vpc_endpoints", {"VpcEndpointIds": ["{id}"]}, at="VpcEndpoints[0]"),
        updates=(Update(("policy", "privateDnsEnabled", *_SETS), _modify_endpoint),),
        delete=Call("delete_vpc_endpoints", {"VpcEndpointIds": ["{id}"]}),
        fields=(
            document("policy", aws="PolicyDocument"),
            unordered("routeTableIds"),
            unordered("subnetIds"),
            unordered("securityGroupIds", read="Groups[].GroupId"),
            Field("vpcEndpointType", default="Gateway"),
            Field("privateDnsEnabled", default=False),
        ),
        outputs={"arn": "arn:aws:ec2:{region}:{account}:vpc-endpoint/{id}"},
        tags=ec2_tags("vpc-endpoint"),
        ready=Ready(at="State", done=("available", "pendingAcceptance"), failed=("failed",), gone=("deleted",)),
    ),
    Row(
        "aws:ec2/flowLog:FlowLog",
        "ec2",
        create=_create_flow_log,
        id="{FlowLogId}",
        read=Call("describe_flow_logs", {"FlowLogIds": ["{id}"]}, at="FlowLogs[0]"),
        delete=Call("delete_flow_logs", {"FlowLogIds": ["{id}"]}),
        fields=(
            _flow_source("vpcId", "vpc-"),
            _flow_source("subnetId", "subnet-"),
            _flow_source("eniId", "eni-"),
            _flow_source("transitGatewayId", "tgw-"),
            _flow_source("transitGatewayAttachmentId", "tgw-attach-"),
            Field("iamRoleArn", read="DeliverLogsPermissionArn"),
            Field("logDestinationType", default="cloud-watch-logs"),
            Field("maxAggregationInterval", default=600),
        ),
        outputs={"arn": "arn:aws:ec2:{region}:{account}:vpc-flow-log/{id}"},
        tags=ec2_tags("vpc-flow-log"),
        handles=("tags", *_FLOW_SOURCES, *_FLOW_MEMBERS),
    ),
    Row(
        "aws:ec2/launchTemplate:LaunchTemplate",
        "ec2",
        create=Call("create_launch_template", at="LaunchTemplate"),
        id="{LaunchTemplateId}",
        read=Call("describe_launch_templates", {"LaunchTemplateIds": ["{id}"]}, at="LaunchTemplates[0]"),
        reads=(
            Call(
                "describe_launch_template_versions",
                {"LaunchTemplateId": "{id}", "Versions": ["$Latest"]},
                at="LaunchTemplateVersions[0].{Data: LaunchTemplateData, VersionDescription: VersionDescription}",
            ),
        ),
        updates=(
            Update(
                ("description", *_TEMPLATE_DATA),
                Call("create_launch_template_version", {"LaunchTemplateId": "{id}"}, omit=("name",)),
            ),
            Update(("description", *_TEMPLATE_DATA), _set_default_version),
            Update(
                ("defaultVersion",),
                Call(
                    "modify_launch_template",
                    {"LaunchTemplateId": "{id}", "DefaultVersion": "{defaultVersion}"},
                    only=(),
                ),
            ),
        ),
        delete=Call("delete_launch_template", {"LaunchTemplateId": "{id}"}),
        fields=(
            Field("name", aws="LaunchTemplateName"),
            Field("description", aws="VersionDescription"),
            Field("defaultVersion", aws="", read="DefaultVersionNumber"),
            Field("latestVersion", aws="", read="LatestVersionNumber"),
            Field("updateDefaultVersion", aws="", default=False),
            Field(
                "tagSpecifications",
                aws="LaunchTemplateData.TagSpecifications",
                read="Data.TagSpecifications",
                encode=_encode_tag_specifications,
                decode=_decode_tag_specifications,
            ),
            *(
                Field(
                    name,
                    aws=f"LaunchTemplateData.{member}",
                    read=f"Data.{member}",
                    names={"securityGroups": "Groups"} if name == "networkInterfaces" else {},
                )
                for name, member in _TEMPLATE_DATA.items()
                if name != "tagSpecifications"
            ),
        ),
        outputs={"arn": "arn:aws:ec2:{region}:{account}:launch-template/{id}"},
        tags=ec2_tags("launch-template"),
        options=("updateDefaultVersion",),
        required=("name",),
        volatile=("latestVersion", "defaultVersion"),
    ),
)
