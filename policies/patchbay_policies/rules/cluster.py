"""EKS clusters, their nodes, and the images that they run."""

from collections.abc import Iterator
from typing import Final

from patchbay_policies.model import UNKNOWN, Environment, Resource, ResourceRule
from patchbay_policies.reading import at, given, holds, items, joined, true, undecided
from patchbay_policies.tokens import ADDON, CLUSTER, INSTANCE, LAUNCH_TEMPLATE, NODE_GROUP, REPOSITORY

LOG_TYPES: Final = frozenset({"api", "audit", "authenticator", "controllerManager", "scheduler"})


def _metadata(resource: Resource, _: Environment) -> Iterator[str]:
    options = at(resource.props, "metadataOptions")
    if not holds(at(options, "httpTokens"), "required"):
        yield "metadataOptions.httpTokens is not required"
    if not holds(at(options, "httpPutResponseHopLimit"), 1):
        yield "metadataOptions.httpPutResponseHopLimit is not 1, so that pods reach the node's rights"


def _from_template(resource: Resource, _: Environment) -> Iterator[str]:
    if not given(at(resource.props, "launchTemplate")):
        yield "without launchTemplate its nodes start with AWS' defaults"
    if given(at(resource.props, "remoteAccess")):
        yield "remoteAccess opens SSH to its nodes"


def _private_endpoint(resource: Resource, _: Environment) -> Iterator[str]:
    if not true(at(resource.props, "vpcConfig", "endpointPrivateAccess")):
        yield "vpcConfig.endpointPrivateAccess is not on, so that nodes reach the API over the internet"


def _logs(resource: Resource, _: Environment) -> Iterator[str]:
    enabled = at(resource.props, "enabledClusterLogTypes")
    if undecided(enabled):
        return
    if missing := LOG_TYPES - set(items(enabled)):
        yield f"it does not log {joined(list(missing))}"


def _pinned(resource: Resource, _: Environment) -> Iterator[str]:
    name = "addonVersion" if resource.type == ADDON else "version"
    if not given(at(resource.props, name)):
        yield f"{name} is not set, so that the next update may take another one"


def _access(resource: Resource, _: Environment) -> Iterator[str]:
    if not holds(at(resource.props, "accessConfig", "authenticationMode"), "API"):
        yield "accessConfig.authenticationMode is not API"
    if not holds(at(resource.props, "accessConfig", "bootstrapClusterCreatorAdminPermissions"), False):
        yield "whoever creates it stays its administrator (accessConfig.bootstrapClusterCreatorAdminPermissions)"


def _repositories(resource: Resource, _: Environment) -> Iterator[str]:
    mutability = at(resource.props, "imageTagMutability")
    if mutability is not UNKNOWN and not str(mutability).startswith("IMMUTABLE"):
        yield "its tags can be moved (imageTagMutability)"
    if not true(at(resource.props, "imageScanningConfiguration", "scanOnPush")):
        yield "images are not scanned (imageScanningConfiguration.scanOnPush)"


RULES: Final = (
    ResourceRule(
        name="instance-metadata-v2",
        description="Nodes answer only the session-oriented metadata service, and only themselves.",
        remedy="Set metadataOptions httpTokens=required and httpPutResponseHopLimit=1.",
        types=frozenset({LAUNCH_TEMPLATE, INSTANCE}),
        check=_metadata,
    ),
    ResourceRule(
        name="nodes-from-a-launch-template",
        description="Node groups start from a launch template of this program, without SSH.",
        remedy="Set launchTemplate and leave remoteAccess out; nodes are reached through the cluster.",
        types=frozenset({NODE_GROUP}),
        check=_from_template,
    ),
    ResourceRule(
        name="cluster-endpoint-private",
        description="Nodes reach the cluster's API within the network.",
        remedy="Set vpcConfig.endpointPrivateAccess.",
        types=frozenset({CLUSTER}),
        check=_private_endpoint,
    ),
    ResourceRule(
        name="cluster-logs-everything",
        description="Every control plane log is kept.",
        remedy="Set enabledClusterLogTypes to api, audit, authenticator, controllerManager and scheduler.",
        types=frozenset({CLUSTER}),
        check=_logs,
    ),
    ResourceRule(
        name="versions-pinned",
        description="Clusters and add-ons have the version that was reviewed.",
        remedy="Set the version, and raise it by a reviewed change.",
        types=frozenset({CLUSTER, ADDON}),
        check=_pinned,
    ),
    ResourceRule(
        name="cluster-access-by-entries",
        description="Who may use a cluster is said by access entries alone.",
        remedy="Set accessConfig authenticationMode=API and bootstrapClusterCreatorAdminPermissions=False.",
        types=frozenset({CLUSTER}),
        check=_access,
    ),
    ResourceRule(
        name="images-immutable-and-scanned",
        description="A pushed image keeps its tag and is scanned.",
        remedy="Set imageTagMutability=IMMUTABLE and imageScanningConfiguration.scanOnPush.",
        types=frozenset({REPOSITORY}),
        check=_repositories,
    ),
)
