"""Tags of what moto does not know to be an EC2 resource."""

from moto.ec2 import utils
from moto.ec2.models.launch_templates import LaunchTemplate

from patchbay_standins.aws.operations.ec2.client_vpn_records import ec2_of, endpoint_of
from patchbay_standins.aws.operations.ec2.service import SERVICE
from patchbay_standins.aws.service import BY_MOTO, Call, Result, Served

# The types of these ids as AWS describes tags by them; moto has names of its own.
utils.EC2_PREFIX_TO_RESOURCE.update({"eipalloc": "elastic-ip", "fl": "vpc-flow-log", "nat": "natgateway"})
# Moto would show those that it was made with.
LaunchTemplate.tags = property(LaunchTemplate.get_tags, lambda *_: None)  # type: ignore[assignment]


@SERVICE.operation("CreateTags")
def create_tags(call: Call) -> Result | Served:
    if not _are_endpoints(call):
        return BY_MOTO
    ec2_of(call).create_tags(call["Resources"], {tag["Key"]: tag.get("Value", "") for tag in call["Tags"]})
    return {}


@SERVICE.operation("DeleteTags")
def delete_tags(call: Call) -> Result | Served:
    if not _are_endpoints(call):
        return BY_MOTO
    ec2_of(call).delete_tags(call["Resources"], {tag["Key"]: tag.get("Value") for tag in call.get("Tags", [])})
    return {}


def _are_endpoints(call: Call) -> bool:
    """Whether Client VPN endpoints are tagged, and all exist. A call for those and others at once is left to moto."""
    if not all(name.startswith("cvpn-endpoint-") for name in call["Resources"]):
        return False
    for name in call["Resources"]:
        endpoint_of(call, name)
    return True
