"""What objects of the cluster mean together: scaling, disruption, tokens, rights, namespaces."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from patchbay_policies.model import UNKNOWN, Environment, Finding, Resource, ResourceRule, Setting, Stack, StackRule
from patchbay_policies.reading import at, holds, items, joined, undecided
from patchbay_policies.rules.pods import DEPLOYMENT, STATEFUL_SET, WORKLOADS, pod, template

SCALED_OBJECT: Final = "kubernetes:keda.sh/v1alpha1:ScaledObject"
AUTOSCALER: Final = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
DISRUPTION_BUDGET: Final = "kubernetes:policy/v1:PodDisruptionBudget"
SERVICE: Final = "kubernetes:core/v1:Service"
SERVICE_ACCOUNT: Final = "kubernetes:core/v1:ServiceAccount"
NAMESPACE: Final = "kubernetes:core/v1:Namespace"
NETWORK_POLICY: Final = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
ROLE: Final = "kubernetes:rbac.authorization.k8s.io/v1:Role"
CLUSTER_ROLE: Final = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole"
ROLE_BINDING: Final = "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding"
CLUSTER_ROLE_BINDING: Final = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding"
# Without their package. A `Patch` of a kind changes an object that is there already, whoever made it.
KINDS: Final = (
    "admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy",
    "admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding",
    "apiextensions.k8s.io/v1:CustomResourceDefinition",
    "apiregistration.k8s.io/v1:APIService",
    "apps/v1:DaemonSet",
    "apps/v1:Deployment",
    "apps/v1:ReplicaSet",
    "apps/v1:StatefulSet",
    "autoscaling/v2:HorizontalPodAutoscaler",
    "batch/v1:CronJob",
    "batch/v1:Job",
    "core/v1:ConfigMap",
    "core/v1:LimitRange",
    "core/v1:Namespace",
    "core/v1:Pod",
    "core/v1:ResourceQuota",
    "core/v1:Service",
    "core/v1:ServiceAccount",
    "keda.sh/v1alpha1:ScaledObject",
    "kustomize:Directory",
    "networking.k8s.io/v1:NetworkPolicy",
    "policy/v1:PodDisruptionBudget",
    "rbac.authorization.k8s.io/v1:ClusterRole",
    "rbac.authorization.k8s.io/v1:ClusterRoleBinding",
    "rbac.authorization.k8s.io/v1:Role",
    "rbac.authorization.k8s.io/v1:RoleBinding",
    "scheduling.k8s.io/v1:PriorityClass",
)


def _name(resource: Resource) -> Any:
    return at(resource.props, "metadata", "name")


def _namespace(resource: Resource) -> Any:
    return at(resource.props, "metadata", "namespace") or "default"


def _same(left: Any, right: Any) -> bool:
    """Whether two names are the same, or may yet turn out to be."""
    return UNKNOWN in (left, right) or bool(left == right)


def _together(left: Resource, right: Resource) -> bool:
    return _same(_namespace(left), _namespace(right))


def _scales(scaler: Resource, workload: Resource) -> bool:
    """Whether a scaler is known to scale a workload."""
    target = at(scaler.props, "spec", "scaleTargetRef")
    kind = at(target, "kind") or "Deployment"
    said = (_namespace(scaler), at(target, "name"), kind)
    return UNKNOWN not in said and said == (_namespace(workload), _name(workload), workload.type.rsplit(":", 1)[-1])


def _most(scaler: Resource) -> Any:
    name, default = ("maxReplicaCount", 100) if scaler.type == SCALED_OBJECT else ("maxReplicas", 1)
    most = at(scaler.props, "spec", name)
    return default if most is None else most


def _owned_replicas(stack: Stack, _: Environment) -> Iterator[Finding]:
    for workload in stack.of(DEPLOYMENT, STATEFUL_SET):
        if at(workload.asked, "spec", "replicas") in {None, UNKNOWN}:
            continue
        for scaler in stack.of(SCALED_OBJECT, AUTOSCALER):
            if _scales(scaler, workload):
                yield Finding(workload, f"it sets spec.replicas, which {scaler.name} owns")


def _pods_at_most(stack: Stack, workload: Resource) -> int:
    counts = [at(workload.props, "spec", "replicas")]
    counts += [_most(scaler) for scaler in stack.of(SCALED_OBJECT, AUTOSCALER) if _scales(scaler, workload)]
    return max([int(count) for count in counts if isinstance(count, int | float)], default=1)


def _budgets(stack: Stack, _: Environment) -> Iterator[Finding]:
    for workload in stack.of(DEPLOYMENT, STATEFUL_SET):
        most = _pods_at_most(stack, workload)
        budgets = [b for b in stack.of(DISRUPTION_BUDGET) if _together(b, workload) and _selects(b, workload)]
        if most >= 2 and not budgets:
            yield Finding(workload, f"it can have {most} pods, and no PodDisruptionBudget selects them")
        for budget in budgets:
            if at(budget.props, "spec", "maxUnavailable") in {0, "0", "0%"}:
                yield Finding(budget, f"it lets no pod of {workload.name} be evicted, so that no node can be drained")


def _selects(policy: Resource, workload: Resource) -> bool:
    labels = at(template(workload), "metadata", "labels")
    wanted = at(policy.props, "spec", "selector", "matchLabels")
    if UNKNOWN in (labels, wanted):
        return True
    if not isinstance(labels, Mapping) or not isinstance(wanted, Mapping) or not wanted:
        return False
    return all(_same(labels.get(key), value) for key, value in wanted.items())


def _tokens(stack: Stack, _: Environment) -> Iterator[Finding]:
    bindings = stack.of(ROLE_BINDING, CLUSTER_ROLE_BINDING)
    bound = [
        (at(subject, "namespace") or _namespace(binding), at(subject, "name"))
        for binding in bindings
        for subject in items(at(binding.props, "subjects"))
        if holds(at(subject, "kind"), "ServiceAccount")
    ]
    if any(undecided(at(binding.props, "subjects")) for binding in bindings):
        bound.append((UNKNOWN, UNKNOWN))
    for workload in stack.of(*WORKLOADS):
        spec = pod(workload)
        mounted = at(spec, "automountServiceAccountToken")
        account = at(spec, "serviceAccountName") or "default"
        if mounted is None:
            said = [
                at(other.props, "automountServiceAccountToken")
                for other in stack.of(SERVICE_ACCOUNT)
                if _together(other, workload) and _same(_name(other), account)
            ]
            mounted = said[0] if said else None
        if mounted in {False, UNKNOWN} or UNKNOWN in (spec, account):
            continue
        if not any(_same(space, _namespace(workload)) and _same(name, account) for space, name in bound):
            yield Finding(workload, f"its pods get a token of service account {account}, which no role is bound to")


def _public(resource: Resource, _: Environment) -> Iterator[str]:
    if at(resource.props, "spec", "type") == "LoadBalancer":
        yield "it makes a load balancer of its own, past the edge"
    if items(at(resource.props, "spec", "externalIPs")):
        yield "it takes traffic of addresses that it does not own (externalIPs)"


# What KEDA alone serves, and what can only be read: every metric of every scaled object is a resource of its own.
_METRICS_ONLY: Final = ["external.metrics.k8s.io"]


def _rights(resource: Resource, _: Environment) -> Iterator[str]:
    for rule in items(at(resource.props, "rules")):
        verbs, resources, groups = (items(at(rule, name)) for name in ("verbs", "resources", "apiGroups"))
        if groups == _METRICS_ONLY or undecided(at(rule, "apiGroups")):
            continue
        if "*" in verbs:
            yield f"it allows every verb on {joined([str(name) for name in resources])}"
        elif "*" in resources and "*" in groups:
            yield f"it allows {joined([str(verb) for verb in verbs])} on every resource"
        if {"escalate", "bind", "impersonate"} & set(verbs):
            yield "it allows to take further rights (escalate, bind, impersonate)"


def _admin_bindings(resource: Resource, _: Environment) -> Iterator[str]:
    if at(resource.props, "roleRef", "name") == "cluster-admin":
        yield "it makes somebody the cluster's administrator"


def _namespaces_restricted(resource: Resource, _: Environment) -> Iterator[str]:
    level = at(resource.props, "metadata", "labels", "pod-security.kubernetes.io/enforce")
    if not holds(level, "restricted"):
        yield "Kubernetes lets pods of any kind into it (pod-security.kubernetes.io/enforce)"


def _namespaces_closed(stack: Stack, _: Environment) -> Iterator[Finding]:
    for namespace in stack.of(NAMESPACE):
        if not any(_closes(policy, namespace) for policy in stack.of(NETWORK_POLICY)):
            yield Finding(namespace, "no NetworkPolicy closes it")


def _closes(policy: Resource, namespace: Resource) -> bool:
    spec = at(policy.props, "spec")
    if not _same(_namespace(policy), _name(namespace)):
        return False
    selector, kinds = at(spec, "podSelector"), at(spec, "policyTypes")
    everything = undecided(selector) or not any((selector or {}).values())
    both = undecided(kinds) or {"Ingress", "Egress"} <= set(items(kinds))
    return everything and both and not items(at(spec, "ingress")) and not items(at(spec, "egress"))


def _peers_named(resource: Resource, _: Environment) -> Iterator[str]:
    for way, side in (("ingress", "from"), ("egress", "to")):
        for rule in items(at(resource.props, "spec", way)):
            peers = at(rule, side)
            if undecided(peers):
                continue
            if not items(peers) or any(not peer for peer in items(peers)):
                yield f"an {way} rule of it is for everybody (`{side}` is empty)"
            ports = at(rule, "ports")
            world = [str(at(peer, "ipBlock", "cidr")) for peer in items(peers) if at(peer, "ipBlock")]
            if {"0.0.0.0/0", "::/0"} & set(world) and not undecided(ports) and not items(ports):
                yield f"an {way} rule of it is for every address at every port"


def _kind(resource: Resource, environment: Environment) -> Iterator[str]:
    if resource.type.removeprefix("kubernetes:") not in environment.settings["kinds"]:
        yield "its kind has not been reviewed, so that no rule looks at it"


RULES: Final = (
    ResourceRule(
        name="reviewed-kinds-only",
        description="Objects in the cluster are of kinds that these rules know.",
        remedy="Use one of those, or write rules for the kind and add it to this rule's setting kinds.",
        types=frozenset(),
        package="kubernetes",
        settings={"kinds": Setting(list(KINDS), {"type": "array", "items": {"type": "string"}})},
        limits="What a kustomization holds is judged object by object, not as the kustomization.",
        check=_kind,
    ),
    ResourceRule(
        name="network-policies-name-somebody",
        description="A network policy's rules say for whom they are, and at which ports the world is.",
        remedy="Name the peers by labels or networks, and the ports.",
        types=frozenset({NETWORK_POLICY}),
        check=_peers_named,
    ),
    StackRule(
        name="no-replicas-where-something-scales",
        description="Nothing sets the number of pods of a workload that a ScaledObject or an HPA scales.",
        remedy="Leave spec.replicas out, so that an update does not undo the scaling.",
        types=frozenset({DEPLOYMENT, STATEFUL_SET, SCALED_OBJECT, AUTOSCALER}),
        limits="A replaced number that an earlier update left in the cluster is not seen.",
        check=_owned_replicas,
    ),
    StackRule(
        name="disruption-budgets",
        description="Everything that can have two pods has a PodDisruptionBudget that can be met.",
        remedy="Add a PodDisruptionBudget with the pods' labels and maxUnavailable 1.",
        types=frozenset({DEPLOYMENT, STATEFUL_SET, SCALED_OBJECT, AUTOSCALER, DISRUPTION_BUDGET}),
        check=_budgets,
    ),
    StackRule(
        name="no-idle-tokens",
        description="Pods get a service account's token only where a role is bound to it.",
        remedy="Set automountServiceAccountToken=False, or bind the role that the pods need.",
        types=frozenset({*WORKLOADS, SERVICE_ACCOUNT, ROLE_BINDING, CLUSTER_ROLE_BINDING}),
        check=_tokens,
    ),
    ResourceRule(
        name="services-stay-inside",
        description="Nothing but the edge's load balancer is reached from outside of the network.",
        remedy="Make it a ClusterIP service, and route to it through the gateway.",
        types=frozenset({SERVICE}),
        check=_public,
    ),
    ResourceRule(
        name="no-wildcard-rights-in-the-cluster",
        description="Roles in the cluster list verbs and resources.",
        remedy="List the verbs, the API groups and the resources that it uses.",
        types=frozenset({ROLE, CLUSTER_ROLE}),
        check=_rights,
    ),
    ResourceRule(
        name="no-cluster-admins",
        description="No workload is the cluster's administrator.",
        remedy="Bind a role with the rights that it needs; people get theirs from access entries.",
        types=frozenset({ROLE_BINDING, CLUSTER_ROLE_BINDING}),
        check=_admin_bindings,
    ),
    ResourceRule(
        name="namespaces-restricted",
        description="Every namespace enforces the `restricted` level for its pods.",
        remedy="Label it pod-security.kubernetes.io/enforce=restricted.",
        types=frozenset({NAMESPACE}),
        check=_namespaces_restricted,
    ),
    StackRule(
        name="namespaces-closed",
        description="In every namespace only named traffic flows.",
        remedy="Add a NetworkPolicy for all of its pods with both policyTypes and no rules.",
        types=frozenset({NAMESPACE, NETWORK_POLICY}),
        check=_namespaces_closed,
    ),
)
