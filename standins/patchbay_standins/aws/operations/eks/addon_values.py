"""What EKS takes as an add-on's configuration values: objects that the add-on's own JSON schema allows.

The VPC plugin's variables are looked at, by the schema that the AWS CLI's reference prints as the example of
`describe-addon-configuration`; every other part is taken as it is.
"""

from collections.abc import Iterator
from typing import Any, Final

import yaml

_TEXT: Final = (
    "ADDITIONAL_ENI_TAGS",
    "AWS_EC2_ENDPOINT",
    "AWS_EXTERNAL_SERVICE_CIDRS",
    "AWS_VPC_K8S_CNI_CONFIGURE_RPFILTER",
    "AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS",
    "AWS_VPC_K8S_CNI_LOGLEVEL",
    "AWS_VPC_K8S_CNI_LOG_FILE",
    "AWS_VPC_K8S_CNI_RANDOMIZESNAT",
    "AWS_VPC_K8S_CNI_VETHPREFIX",
    "AWS_VPC_K8S_PLUGIN_LOG_FILE",
    "AWS_VPC_K8S_PLUGIN_LOG_LEVEL",
    "CLUSTER_ENDPOINT",
    "ENI_CONFIG_ANNOTATION_DEF",
    "ENI_CONFIG_LABEL_DEF",
    "INTROSPECTION_BIND_ADDRESS",
    "POD_SECURITY_GROUP_ENFORCING_MODE",
)
_BOOLEAN: Final = (
    "ANNOTATE_POD_IP",
    "AWS_MANAGE_ENIS_NON_SCHEDULABLE",
    "AWS_VPC_CNI_NODE_PORT_SUPPORT",
    "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG",
    "AWS_VPC_K8S_CNI_EXTERNALSNAT",
    "DISABLE_INTROSPECTION",
    "DISABLE_LEAKED_ENI_CLEANUP",
    "DISABLE_METRICS",
    "DISABLE_NETWORK_RESOURCE_PROVISIONING",
    "DISABLE_POD_V6",
    "ENABLE_BANDWIDTH_PLUGIN",
    "ENABLE_POD_ENI",
    "ENABLE_PREFIX_DELEGATION",
    "ENABLE_V4_EGRESS",
    "ENABLE_V6_EGRESS",
)
_INTEGER: Final = (
    "AWS_VPC_ENI_MTU",
    "IP_COOLDOWN_PERIOD",
    "MAX_ENI",
    "MINIMUM_IP_TARGET",
    "WARM_ENI_TARGET",
    "WARM_IP_TARGET",
    "WARM_PREFIX_TARGET",
)
_KNOWN: Final = {*_TEXT, *_BOOLEAN, *_INTEGER}


def fault(addon: str, values: str) -> str | None:
    """Why EKS would refuse the values, in its words."""
    try:
        settings = yaml.safe_load(values)
    except yaml.YAMLError:
        settings = None
    if not isinstance(settings, dict):
        return "ConfigurationValue is not in valid JSON or YAML format."
    found = list(_plugin_faults(settings.get("env") or {})) if addon == "vpc-cni" else []
    if not found:
        return None
    return (
        "ConfigurationValue provided in request is not supported: Json schema validation failed with error: "
        f"[{', '.join(found)}]"
    )


def _plugin_faults(variables: dict[str, Any]) -> Iterator[str]:
    for name, value in variables.items():
        if name not in _KNOWN:
            yield f"$.env.{name}: is not defined in the schema and the schema does not allow additional properties"
        elif not isinstance(value, str):
            yield f"$.env.{name}: {_kind(value)} found, string expected"


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "integer" if isinstance(value, int) else "object" if isinstance(value, dict) else "array"
