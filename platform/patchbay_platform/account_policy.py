"""What a workload's account may not do although its role lets it: roles are not narrowed to contents of objects."""

from collections.abc import Sequence

import pulumi
from pulumi_kubernetes.admissionregistration.v1 import (
    MatchConditionArgs,
    MatchResourcesArgs,
    NamedRuleWithOperationsArgs,
    ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding,
    ValidatingAdmissionPolicyBindingSpecArgs,
    ValidatingAdmissionPolicySpecArgs,
    ValidationArgs,
)
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs

from patchbay_platform.workload import Workload


def account_policy(
    workload: Workload, *, operation: str, resource: str, validations: Sequence[ValidationArgs]
) -> list[pulumi.Resource]:
    """A policy that is in force: each `operation` of the account on a `resource` of the core group has to be valid."""
    user = pulumi.Output.concat("system:serviceaccount:", workload.placement.namespace, ":", workload.name)
    policy = ValidatingAdmissionPolicy(
        workload.resource_name,
        metadata=workload.cluster_wide(),
        spec=ValidatingAdmissionPolicySpecArgs(
            failure_policy="Fail",
            # With what the API server would fill in, as Kubernetes compares the constraints as a whole: an update that
            # was cut off could not be made again otherwise.
            match_constraints=MatchResourcesArgs(
                match_policy="Equivalent",
                namespace_selector=LabelSelectorArgs(),
                object_selector=LabelSelectorArgs(),
                resource_rules=[
                    NamedRuleWithOperationsArgs(
                        api_groups=[""], api_versions=["v1"], operations=[operation], resources=[resource], scope="*"
                    )
                ],
            ),
            match_conditions=[
                MatchConditionArgs(
                    name="by-this-account",
                    expression=pulumi.Output.concat("request.userInfo.username == '", user, "'"),
                )
            ],
            validations=list(validations),
        ),
        opts=workload.options(),
    )
    binding = ValidatingAdmissionPolicyBinding(
        workload.resource_name,
        metadata=workload.cluster_wide(),
        spec=ValidatingAdmissionPolicyBindingSpecArgs(policy_name=policy.metadata.name, validation_actions=["Deny"]),
        opts=workload.options([policy]),
    )
    return [policy, binding]
