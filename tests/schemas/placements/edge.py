"""Names, certificates, load balancers and web firewalls: where they go among CloudFormation's types."""

from collections.abc import Mapping
from typing import Final

from tests.schemas.placement import Part, switch, word

PLACEMENTS: Final[Mapping[str, tuple[Part, ...]]] = {
    "aws:acm/certificate:Certificate": (Part(kind="AWS::CertificateManager::Certificate"),),
    "aws:lb/listener:Listener": (
        Part(
            kind="AWS::ElasticLoadBalancingV2::Listener",
            names={
                "certificateArn": "Certificates.CertificateArn",
                "defaultActions.fixedResponse": "FixedResponseConfig",
            },
        ),
    ),
    "aws:lb/listenerRule:ListenerRule": (
        Part(
            kind="AWS::ElasticLoadBalancingV2::ListenerRule",
            names={
                "actions.fixedResponse": "FixedResponseConfig",
                "conditions.hostHeader": "HostHeaderConfig",
                "conditions.pathPattern": "PathPatternConfig",
                "conditions.httpRequestMethod": "HttpRequestMethodConfig",
            },
        ),
    ),
    "aws:lb/loadBalancer:LoadBalancer": (
        Part(
            kind="AWS::ElasticLoadBalancingV2::LoadBalancer",
            names={
                "internal": "Scheme",
                "loadBalancerType": "Type",
                "preserveHostHeader": "LoadBalancerAttributes[routing.http.preserve_host_header.enabled]",
                "dropInvalidHeaderFields": "LoadBalancerAttributes[routing.http.drop_invalid_header_fields.enabled]",
                "idleTimeout": "LoadBalancerAttributes[idle_timeout.timeout_seconds]",
                "enableDeletionProtection": "LoadBalancerAttributes[deletion_protection.enabled]",
                "desyncMitigationMode": "LoadBalancerAttributes[routing.http.desync_mitigation_mode]",
                "accessLogs": ".",
                "accessLogs.enabled": "LoadBalancerAttributes[access_logs.s3.enabled]",
                "accessLogs.bucket": "LoadBalancerAttributes[access_logs.s3.bucket]",
                "accessLogs.prefix": "LoadBalancerAttributes[access_logs.s3.prefix]",
            },
            encode={
                "accessLogs.enabled": word,
                "internal": switch("internal", "internet-facing"),
                "preserveHostHeader": word,
                "dropInvalidHeaderFields": word,
                "idleTimeout": word,
                "enableDeletionProtection": word,
            },
        ),
    ),
    "aws:lb/targetGroup:TargetGroup": (
        Part(
            kind="AWS::ElasticLoadBalancingV2::TargetGroup",
            names={
                "deregistrationDelay": "TargetGroupAttributes[deregistration_delay.timeout_seconds]",
                "loadBalancingAlgorithmType": "TargetGroupAttributes[load_balancing.algorithm.type]",
                "healthCheck": ".",
                "healthCheck.path": "HealthCheckPath",
                "healthCheck.port": "HealthCheckPort",
                "healthCheck.protocol": "HealthCheckProtocol",
                "healthCheck.interval": "HealthCheckIntervalSeconds",
                "healthCheck.timeout": "HealthCheckTimeoutSeconds",
                "healthCheck.healthyThreshold": "HealthyThresholdCount",
                "healthCheck.unhealthyThreshold": "UnhealthyThresholdCount",
                "healthCheck.matcher": "Matcher.HttpCode",
            },
            encode={"deregistrationDelay": word},
        ),
    ),
    "aws:route53/record:Record": (
        Part(
            kind="AWS::Route53::RecordSet",
            names={
                "zoneId": "HostedZoneId",
                "records": "ResourceRecords",
                "aliases": "AliasTarget",
                "aliases.zoneId": "HostedZoneId",
                "aliases.name": "DNSName",
            },
        ),
    ),
    "aws:route53/zone:Zone": (
        Part(kind="AWS::Route53::HostedZone", names={"comment": "HostedZoneConfig.Comment", "tags": "HostedZoneTags"}),
    ),
    "aws:wafv2/ipSet:IpSet": (Part(kind="AWS::WAFv2::IPSet"),),
    "aws:wafv2/webAcl:WebAcl": (
        Part(
            kind="AWS::WAFv2::WebACL",
            names={
                "visibilityConfig.metricName": "MetricName",
            },
        ),
    ),
    "aws:wafv2/webAclAssociation:WebAclAssociation": (Part(kind="AWS::WAFv2::WebACLAssociation"),),
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": (Part(kind="AWS::WAFv2::LoggingConfiguration"),),
}
