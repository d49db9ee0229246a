"""AWS rights of a cluster's workloads, by EKS Pod Identity."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from patchbay_infra.context import Context
from patchbay_infra.policy_document import Statement, document, trust


@dataclass(frozen=True)
class Workload:
    """Pods of a namespace that run as one of these service accounts, which share one role."""

    name: str
    namespace: str
    service_accounts: tuple[str, ...]


@dataclass(frozen=True)
class HomeCluster:
    """Where a workload runs. `key`: the cluster's name in the config; `name`: in AWS, known once it is made."""

    key: str
    name: pulumi.Input[str]
    arn: str


class WorkloadIdentity(pulumi.ComponentResource):
    """A role that only these pods of this cluster can take: the agent tags each session with where it comes from.

    Pods that are made once it is there get the role; those made before never do.
    """

    def __init__(
        self,
        name: str,
        workload: Workload,
        *,
        context: Context,
        cluster: HomeCluster,
        statements: Sequence[Statement] = (),
        managed_policies: Sequence[str] = (),
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("patchbay:infra:WorkloadIdentity", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(
            name,
            name=context.name(cluster.key, workload.name),
            description=f"{workload.name} on cluster {cluster.key}",
            assume_role_policy=document(
                trust(
                    {"Service": "pods.eks.amazonaws.com"},
                    ["sts:AssumeRole", "sts:TagSession"],
                    {
                        "StringEquals": {
                            "aws:SourceAccount": context.account_id,
                            "aws:RequestTag/eks-cluster-arn": cluster.arn,
                            "aws:RequestTag/kubernetes-namespace": workload.namespace,
                            "aws:RequestTag/kubernetes-service-account": list(workload.service_accounts),
                        }
                    },
                )
            ),
            tags=context.tags(cluster.key, workload.name),
            opts=child,
        )
        rights: list[pulumi.Resource] = [
            aws.iam.RolePolicyAttachment(
                f"{name}-{policy}", role=role.name, policy_arn=f"arn:aws:iam::aws:policy/{policy}", opts=child
            )
            for policy in managed_policies
        ]
        if statements:
            rights.append(
                aws.iam.RolePolicy(name, name=workload.name, role=role.name, policy=document(*statements), opts=child)
            )
        for account in workload.service_accounts:
            aws.eks.PodIdentityAssociation(
                f"{name}-{account}",
                cluster_name=cluster.name,
                namespace=workload.namespace,
                service_account=account,
                role_arn=role.arn,
                tags=context.tags(cluster.key, workload.namespace, account),
                # Pods start with all of their rights, or wait.
                opts=pulumi.ResourceOptions(parent=self, depends_on=rights),
            )
        self.register_outputs({"roleArn": role.arn})
