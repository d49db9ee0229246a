"""Programs that use every row of the core services."""

NETWORK = """
vpc = aws.ec2.Vpc("vpc", cidr_block="10.20.0.0/16", enable_dns_hostnames=True, tags={"Name": "net"}, opts=opts)
aws.ec2.DefaultSecurityGroup("default", vpc_id=vpc.id, tags={"Name": "net-default"}, opts=opts)
aws.ec2.DefaultNetworkAcl("default", default_network_acl_id=vpc.default_network_acl_id, tags={"Name": "net-default"},
    opts=opts)
subnet = aws.ec2.Subnet("subnet", vpc_id=vpc.id, cidr_block="10.20.0.0/24", availability_zone="eu-central-1a",
    map_public_ip_on_launch=True, tags={"Name": "net-a"}, opts=opts)
pods = aws.ec2.VpcIpv4CidrBlockAssociation("pods", vpc_id=vpc.id, cidr_block="100.64.0.0/16", opts=opts)
aws.ec2.Subnet("pods", vpc_id=vpc.id, cidr_block="100.64.0.0/18", availability_zone="eu-central-1a",
    tags={"Name": "net-pods-a"}, opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[pods])))
gateway = aws.ec2.InternetGateway("gateway", vpc_id=vpc.id, tags={"Name": "net"}, opts=opts)
address = aws.ec2.Eip("address", domain="vpc", tags={"Name": "net-nat"}, opts=opts)
nat = aws.ec2.NatGateway("nat", allocation_id=address.id, subnet_id=subnet.id, tags={"Name": "net"}, opts=opts)
table = aws.ec2.RouteTable("table", vpc_id=vpc.id, tags={"Name": "net"}, opts=opts)
route = aws.ec2.Route("route", route_table_id=table.id, destination_cidr_block="0.0.0.0/0", gateway_id=gateway.id,
    opts=opts)
aws.ec2.RouteTableAssociation("association", route_table_id=table.id, subnet_id=subnet.id, opts=opts)
group = aws.ec2.SecurityGroup("group", name="net", description="Of a test", vpc_id=vpc.id, tags={"Name": "net"},
    opts=opts)
aws.vpc.SecurityGroupIngressRule("in", security_group_id=group.id, cidr_ipv4="192.0.2.0/24", ip_protocol="tcp",
    from_port=443, to_port=443, description="Web", tags={"Name": "web"}, opts=opts)
aws.vpc.SecurityGroupEgressRule("out", security_group_id=group.id, referenced_security_group_id=group.id,
    ip_protocol="-1", tags={"Name": "itself"}, opts=opts)
acl = aws.ec2.NetworkAcl("acl", vpc_id=vpc.id, tags={"Name": "net"}, opts=opts)
aws.ec2.NetworkAclRule("acl-in", network_acl_id=acl.id, rule_number=100, egress=False, protocol="tcp",
    rule_action="allow", cidr_block="192.0.2.0/24", from_port=443, to_port=443, opts=opts)
aws.ec2.NetworkAclRule("acl-out", network_acl_id=acl.id, rule_number=100, egress=True, protocol="-1",
    rule_action="allow", cidr_block="0.0.0.0/0", opts=opts)
aws.ec2.NetworkAclAssociation("acl", network_acl_id=acl.id, subnet_id=subnet.id, opts=opts)
aws.ec2.VpcEndpoint("s3", vpc_id=vpc.id, service_name="com.amazonaws.eu-central-1.s3", vpc_endpoint_type="Gateway",
    route_table_ids=[table.id], tags={"Name": "net-s3"}, opts=opts)
aws.ec2.VpcEndpoint("ecr", vpc_id=vpc.id, service_name="com.amazonaws.eu-central-1.ecr.api",
    vpc_endpoint_type="Interface", subnet_ids=[subnet.id], security_group_ids=[group.id], private_dns_enabled=True,
    tags={"Name": "net-ecr"}, opts=opts)
log = aws.cloudwatch.LogGroup("flows", name="/net/flows", retention_in_days=30, tags={"Name": "net-flows"}, opts=opts)
trust = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
    "Principal": {"Service": "vpc-flow-logs.amazonaws.com"}}]})
writer = aws.iam.Role("flows", name="net-flows", assume_role_policy=trust, opts=opts)
aws.ec2.FlowLog("flows", vpc_id=vpc.id, traffic_type="ALL", log_destination_type="cloud-watch-logs",
    log_destination=log.arn, iam_role_arn=writer.arn, max_aggregation_interval=60, tags={"Name": "net"}, opts=opts)
template = aws.ec2.LaunchTemplate("nodes", name="nodes", description="Nodes", update_default_version=True,
    ebs_optimized="true", instance_type="m6i.large", vpc_security_group_ids=[group.id],
    metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(
        http_endpoint="enabled", http_tokens="required", http_put_response_hop_limit=1),
    monitoring=aws.ec2.LaunchTemplateMonitoringArgs(enabled=True),
    block_device_mappings=[aws.ec2.LaunchTemplateBlockDeviceMappingArgs(device_name="/dev/xvda",
        ebs=aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
            volume_type="gp3", volume_size=50, encrypted="true", delete_on_termination="true"))],
    tag_specifications=[aws.ec2.LaunchTemplateTagSpecificationArgs(resource_type="instance", tags={"Name": "node"})],
    tags={"Name": "nodes"}, opts=opts)
for name, output in {
    "vpc": vpc.id, "vpcArn": vpc.arn, "address": address.public_ip, "nat": nat.public_ip, "route": route.id,
    "routeTable": table.id, "group": group.id, "all": vpc.tags_all, "template": template.latest_version,
}.items():
    pulumi.export(name, output)
"""

IDENTITY = """
def policy(action, resource="*"):
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": [action], "Resource": [resource]}]})

trust = aws.iam.get_policy_document_output(statements=[aws.iam.GetPolicyDocumentStatementArgs(
    actions=["sts:AssumeRole"], principals=[aws.iam.GetPolicyDocumentStatementPrincipalArgs(
        type="Service", identifiers=["ec2.amazonaws.com"])])], opts=pulumi.InvokeOptions(provider=provider)).json
boundary = aws.iam.Policy("boundary", name="boundary", description="All that may be", policy=policy("s3:*"),
    tags={"Name": "boundary"}, opts=opts)
role = aws.iam.Role("role", name="worker", description="Of a test", assume_role_policy=trust,
    max_session_duration=7200, permissions_boundary=boundary.arn, tags={"Name": "worker"}, opts=opts)
aws.iam.RolePolicy("inline", name="objects", role=role.name, policy=policy("s3:GetObject"), opts=opts)
aws.iam.RolePolicyAttachment("attached", role=role.name, policy_arn=boundary.arn, opts=opts)
issuer = aws.iam.OpenIdConnectProvider("code", url="https://token.example.com", client_id_lists=["sts.amazonaws.com"],
    tags={"Name": "code"}, opts=opts)
key = aws.kms.Key("key", description="Of a test", enable_key_rotation=True, deletion_window_in_days=7,
    tags={"Name": "key"}, opts=opts)
alias = aws.kms.Alias("key", name="alias/test", target_key_id=key.key_id, opts=opts)
log = aws.cloudwatch.LogGroup("log", name="/test/log", retention_in_days=14, kms_key_id=key.arn,
    tags={"Name": "log"}, opts=opts)
aws.cloudwatch.LogResourcePolicy("log", policy_name="search", policy_document=json.dumps({
    "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "es.amazonaws.com"},
        "Action": "logs:PutLogEvents", "Resource": "*"}]}), opts=opts)
topic = aws.sns.Topic("topic", name="alarms", kms_master_key_id=key.arn, tags={"Name": "alarms"}, opts=opts)
aws.sns.TopicPolicy("topic", arn=topic.arn, policy=topic.arn.apply(lambda arn: policy("sns:Publish", arn)), opts=opts)
aws.sns.TopicSubscription("mail", topic=topic.arn, protocol="email", endpoint="ops@example.com", opts=opts)
aws.cloudwatch.MetricAlarm("alarm", name="cpu", comparison_operator="GreaterThanThreshold", threshold=80,
    evaluation_periods=3, alarm_actions=[topic.arn], metric_queries=[
        aws.cloudwatch.MetricAlarmMetricQueryArgs(id="cpu", return_data=True,
            metric=aws.cloudwatch.MetricAlarmMetricQueryMetricArgs(namespace="AWS/RDS", metric_name="CPUUtilization",
                dimensions={"DBInstanceIdentifier": "writer"}, stat="Average", period=60))],
    tags={"Name": "cpu"}, opts=opts)
aws.cloudwatch.MetricAlarm("plain", name="space", comparison_operator="LessThanThreshold", threshold=1.5,
    evaluation_periods=1, namespace="AWS/RDS", metric_name="FreeStorageSpace", period=300, statistic="Minimum",
    dimensions={"DBInstanceIdentifier": "writer"}, opts=opts)
for name, output in {"role": role.arn, "key": key.arn, "alias": alias.target_key_arn, "topic": topic.arn}.items():
    pulumi.export(name, output)
"""
