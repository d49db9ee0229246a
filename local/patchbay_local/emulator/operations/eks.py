"""EKS: what moto's lacks."""

from patchbay_local.emulator.service import AwsError, Call, Result, Service

SERVICE = Service("eks")


@SERVICE.operation("DescribeAddon")
def describe_addon(call: Call) -> Result:
    raise AwsError(
        "ResourceNotFoundException", f"No addon: {call['addonName']} found in cluster: {call['clusterName']}"
    )
