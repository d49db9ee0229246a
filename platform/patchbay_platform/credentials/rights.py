"""What the Job that makes the secrets may do: read and create those of their names, and nothing else."""

from collections.abc import Mapping, Sequence

import pulumi
from pulumi_kubernetes.admissionregistration.v1 import ValidationArgs
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs
from pulumi_kubernetes.rbac.v1 import PolicyRuleArgs, Role, RoleBinding, RoleRefArgs, SubjectArgs

from patchbay_platform.account_policy import account_policy
from patchbay_platform.workload import Workload


def rights(workload: Workload, secrets: Mapping[str, tuple[pulumi.Input[str], Sequence[str]]]) -> list[pulumi.Resource]:
    """`secrets`: by a word for the namespace, its name and those of the Secrets in it."""
    roles = [
        resource
        for word, (namespace, names) in secrets.items()
        for resource in _in_namespace(workload, word, namespace, names)
    ]
    allowed = [pulumi.Output.concat(namespace, "/", name) for namespace, names in secrets.values() for name in names]
    return [*roles, *_only_these(workload, pulumi.Output.all(*allowed))]


def _in_namespace(
    workload: Workload, word: str, namespace: pulumi.Input[str], names: Sequence[str]
) -> list[pulumi.Resource]:
    metadata = ObjectMetaArgs(name=workload.name, namespace=namespace)
    role = Role(
        f"{workload.resource_name}-{word}",
        metadata=metadata,
        rules=[
            PolicyRuleArgs(api_groups=[""], resources=["secrets"], resource_names=list(names), verbs=["get"]),
            # A role cannot bind `create` to names; the admission policy does.
            PolicyRuleArgs(api_groups=[""], resources=["secrets"], verbs=["create"]),
        ],
        opts=workload.options(),
    )
    binding = RoleBinding(
        f"{workload.resource_name}-{word}",
        metadata=metadata,
        role_ref=RoleRefArgs(api_group="rbac.authorization.k8s.io", kind="Role", name=workload.name),
        subjects=[SubjectArgs(kind="ServiceAccount", name=workload.name, namespace=workload.placement.namespace)],
        opts=workload.options(),
    )
    return [role, binding]


def _only_these(workload: Workload, allowed: pulumi.Output[list[str]]) -> list[pulumi.Resource]:
    """`allowed`: namespaces and names, such as `patchbay-data/redis`.

    Whoever may create any Secret could have one filled with another account's token.

    Source: Kubernetes' documentation of service account tokens, "Manually create a long-lived API token".
    """
    validations = [
        ValidationArgs(
            expression=allowed.apply(
                lambda every: f"request.namespace + '/' + object.metadata.?name.orValue('') in {every}"
            ),
            message=allowed.apply(lambda every: f"this account may create {', '.join(every)} only"),
        ),
        ValidationArgs(
            expression="object.type == 'Opaque'", message="this account may create Secrets of type Opaque only"
        ),
    ]
    return account_policy(workload, operation="CREATE", resource="secrets", validations=validations)
