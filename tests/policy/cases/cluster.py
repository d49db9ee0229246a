"""Cases of the rules about clusters, images, the edge, providers and tags."""

from typing import Any

from patchbay_policies import tokens
from patchbay_policies.model import Resource

from tests.policy.case import DEV, Cases, bad, good, made

LOGS = ["api", "audit", "authenticator", "controllerManager", "scheduler"]
TAGS = {
    "Name": "patchbay-dev-example",
    "patchbay:environment": "dev",
    "patchbay:owner": "platform",
    "patchbay:cost-center": "example",
    "patchbay:managed-by": "pulumi",
}
BALANCER = made(tokens.LOAD_BALANCER, "edge", {"accessLogs": {"enabled": True}})
WEB_ACL = made(tokens.WEB_ACL, "edge")


def template(**options: Any) -> Resource:
    return made(tokens.LAUNCH_TEMPLATE, "nodes", {"metadataOptions": options})


def cluster(**props: Any) -> Resource:
    return made(tokens.CLUSTER, "main", props)


def repository(**props: Any) -> Resource:
    usual = {"imageTagMutability": "IMMUTABLE", "imageScanningConfiguration": {"scanOnPush": True}}
    return made(tokens.REPOSITORY, "runtime", {**usual, **props})


def web_acl(*statements: dict[str, Any]) -> Resource:
    return made(tokens.WEB_ACL, "edge", {"rules": [{"name": "rule", "statement": one} for one in statements]})


MANAGED = {"managedRuleGroupStatement": {"name": "AWSManagedRulesCommonRuleSet"}}
RATE = {"rateBasedStatement": {"limit": 2000.0}}

CASES = {
    "instance-metadata-v2": Cases(
        good=[good(template(httpTokens="required", httpPutResponseHopLimit=1.0))],
        bad=[
            bad(template(httpTokens="optional", httpPutResponseHopLimit=1.0), says="httpTokens"),
            bad(template(httpTokens="required", httpPutResponseHopLimit=2.0), says="httpPutResponseHopLimit"),
            bad(made(tokens.INSTANCE), says="httpTokens"),
        ],
    ),
    "nodes-from-a-launch-template": Cases(
        good=[good(made(tokens.NODE_GROUP, props={"launchTemplate": {"id": "lt-1", "version": "1"}}))],
        bad=[
            bad(made(tokens.NODE_GROUP), says="launchTemplate"),
            bad(
                made(tokens.NODE_GROUP, props={"launchTemplate": {"id": "lt-1"}, "remoteAccess": {"ec2SshKey": "x"}}),
                says="remoteAccess",
            ),
        ],
    ),
    "cluster-endpoint-private": Cases(
        good=[good(cluster(vpcConfig={"endpointPrivateAccess": True}))],
        bad=[bad(cluster(vpcConfig={"endpointPrivateAccess": False}), says="endpointPrivateAccess")],
    ),
    "cluster-logs-everything": Cases(
        good=[good(cluster(enabledClusterLogTypes=LOGS))],
        bad=[bad(cluster(enabledClusterLogTypes=["api", "audit"]), says="authenticator, controllerManager, scheduler")],
    ),
    "versions-pinned": Cases(
        good=[good(cluster(version="1.33")), good(made(tokens.ADDON, props={"addonVersion": "v1.0.0-eksbuild.1"}))],
        bad=[bad(cluster(), says="version is not set"), bad(made(tokens.ADDON), says="addonVersion is not set")],
    ),
    "cluster-access-by-entries": Cases(
        good=[
            good(cluster(accessConfig={"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False}))
        ],
        bad=[
            bad(cluster(), says="authenticationMode"),
            bad(cluster(accessConfig={"authenticationMode": "API"}), says="stays its administrator"),
        ],
    ),
    "images-immutable-and-scanned": Cases(
        good=[good(repository()), good(repository(imageTagMutability="IMMUTABLE_WITH_EXCLUSION"))],
        bad=[
            bad(repository(imageTagMutability="MUTABLE"), says="imageTagMutability"),
            bad(repository(imageScanningConfiguration={"scanOnPush": False}), says="scanOnPush"),
        ],
    ),
    "edge-behind-a-web-acl": Cases(
        good=[
            good(BALANCER, made(tokens.WEB_ACL_ASSOCIATION, refers={"resourceArn": BALANCER})),
            good(made(tokens.LOAD_BALANCER, props={"internal": True})),
        ],
        bad=[bad(BALANCER, says="without a web ACL")],
    ),
    "web-acl-filters-and-limits": Cases(
        good=[
            good(web_acl(MANAGED, RATE)),
            good(web_acl(MANAGED, {"andStatement": {"statements": [RATE]}})),
        ],
        bad=[bad(web_acl(RATE), says="no managed rule group"), bad(web_acl(MANAGED), says="no rate rule")],
    ),
    "edge-refuses-bad-headers": Cases(
        good=[
            good(made(tokens.LOAD_BALANCER, props={"dropInvalidHeaderFields": True})),
            good(made(tokens.LOAD_BALANCER, props={"loadBalancerType": "network"})),
        ],
        bad=[
            bad(made(tokens.LOAD_BALANCER), says="dropInvalidHeaderFields"),
            bad(
                made(tokens.LOAD_BALANCER, props={"dropInvalidHeaderFields": True, "desyncMitigationMode": "monitor"}),
                says="desyncMitigationMode",
            ),
        ],
    ),
    "edge-logs-in-production": Cases(
        good=[
            good(BALANCER, WEB_ACL, made(tokens.WEB_ACL_LOGGING, refers={"resourceArn": WEB_ACL})),
            good(WEB_ACL, environment=DEV),
        ],
        bad=[bad(made(tokens.LOAD_BALANCER, "edge"), says="accessLogs"), bad(WEB_ACL, says="it logs nothing")],
    ),
    "certificates-renew-themselves": Cases(
        good=[good(made(tokens.CERTIFICATE, props={"validationMethod": "DNS"}))],
        bad=[bad(made(tokens.CERTIFICATE, props={"validationMethod": "EMAIL"}), says="reads mail")],
    ),
    "reviewed-providers-only": Cases(
        good=[
            good(cluster()),
            good(made("kubernetes:core/v1:Secret")),
            good(made("patchbay:infra:Network")),
            good(made("pulumi:pulumi:Stack")),
            good(made("pulumi:providers:aws")),
        ],
        bad=[
            bad(made("command:local:Command"), says="provider command"),
            bad(made("pulumi:providers:random"), says="provider random"),
        ],
    ),
    "tags-required": Cases(
        good=[
            good(made(tokens.VPC, props={"tags": TAGS})),
            good(made(tokens.ROUTE)),
        ],
        bad=[
            bad(made(tokens.VPC), says="no tag Name, patchbay:cost-center"),
            bad(made(tokens.VPC, props={"tags": {**TAGS, "patchbay:owner": ""}}), says="no tag patchbay:owner"),
        ],
    ),
    "tagged-as-this-environment": Cases(
        good=[good(made(tokens.VPC, props={"tags": TAGS}), environment=DEV), good(made(tokens.ROUTE))],
        bad=[bad(made(tokens.VPC, props={"tags": TAGS}), says="environment dev, and deployed in production")],
    ),
}
