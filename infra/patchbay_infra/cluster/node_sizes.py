"""How large node groups are, and what EKS is told of it: an update never takes back what the autoscaler did.

EKS takes least, most and present number of nodes apart, the AWS provider sends all three when one changes
(terraform-provider-aws, `expandNodegroupScalingConfig`), and the engine knows the number of the last update only. Sent
as it is, that number takes a group under load back to it, or is refused as less than a new minimum (terraform-aws-eks
issue 3306). So EKS is asked: docs/decisions/0026-node-groups.md.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import pulumi
import pulumi_aws as aws

# What the provider changes before it sends sizes: EKS replaces nodes one after the other, for an hour and longer.
_MACHINES: Final = ("version", "releaseVersion", "launchTemplate")


@dataclass(frozen=True)
class Sizes:
    """Numbers of nodes."""

    least: int
    desired: int
    most: int


@dataclass(frozen=True)
class Told:
    """What the engine is given for one group. `ignored`: inputs that it takes from its state."""

    sizes: Sizes
    ignored: Sequence[str] = ()


def present_sizes(cluster: str, groups: Iterable[str], opts: pulumi.InvokeOptions) -> Mapping[str, Sizes]:
    """Of those groups that are there, by their names in EKS. A cluster that is not there has none."""
    if cluster not in aws.eks.get_clusters(opts=opts).names:
        return {}
    there = set(aws.eks.get_node_groups(cluster_name=cluster, opts=opts).names)
    found = {}
    for name in groups:
        if name in there:
            answer = aws.eks.get_node_group(cluster_name=cluster, node_group_name=name, opts=opts)
            found[name] = _sizes(answer.scaling_configs)
    return found


def told(wanted: Sizes, present: Sizes | None) -> Told:
    """The config's number of nodes at the making; afterwards the present one, moved into new limits.

    Nothing is told where EKS has the limits already: what the state says of them may be older.
    """
    if present is None:
        return Told(wanted)
    if (present.least, present.most) == (wanted.least, wanted.most):
        return Told(wanted, ("scalingConfig",))
    return Told(_within(wanted, present.desired))


def guard(name: str, *, cluster: str, group: str, opts: pulumi.InvokeOptions) -> pulumi.ResourceHookBinding:
    """Refuses an update that would change the number of nodes although the new limits do not ask for it.

    Between the program's question and the update the autoscaler may have changed it. `name`: unique in the stack.
    """

    async def check(args: pulumi.ResourceHookArgs) -> None:
        old, new = args.old_inputs or {}, args.new_inputs or {}
        if old.get("scalingConfig") == new.get("scalingConfig"):
            return
        if any(old.get(part) != new.get(part) for part in _MACHINES):
            raise ValueError(
                f"{group}: minSize or maxSize change together with its nodes' version, image or launch template; EKS "
                "would replace all nodes first, and then go back to the size of now. Make two updates of it"
            )
        answer = await aws.eks.get_node_group_output(cluster_name=cluster, node_group_name=group, opts=opts).future()
        present = _sizes(answer.scaling_configs if answer else ())
        sent = _from_inputs(new["scalingConfig"])
        if sent.desired != _within(sent, present.desired).desired:
            raise ValueError(
                f"{group}: it has {present.desired} nodes, and would get {sent.desired}: the autoscaler moved it since "
                "the program asked. Nothing is changed; run the update again"
            )

    return pulumi.ResourceHookBinding(before_update=[pulumi.ResourceHook(name, check)])


def _within(limits: Sizes, number: int) -> Sizes:
    return replace(limits, desired=min(max(number, limits.least), limits.most))


def _sizes(configs: Sequence[Any]) -> Sizes:
    (config,) = configs
    return Sizes(int(config.min_size), int(config.desired_size), int(config.max_size))


def _from_inputs(config: Mapping[str, Any]) -> Sizes:
    return Sizes(int(config["minSize"]), int(config["desiredSize"]), int(config["maxSize"]))
