"""Cases of the rules about pods and the cluster's objects."""

from typing import Any

from patchbay_policies.model import Resource
from patchbay_policies.rules import kubernetes as k8s
from patchbay_policies.rules import pods

from tests.policy.case import DEV, Cases, bad, good, made

DIGEST = f"registry.example/patchbay/runtime@sha256:{'a' * 64}"
SECURE = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
POD_SECURE = {"runAsNonRoot": True, "runAsUser": 10001.0, "seccompProfile": {"type": "RuntimeDefault"}}
PROBE = {"httpGet": {"path": "/readyz", "port": 8000.0}}
SPACE = "patchbay-runtime"
LABELS = {"app.kubernetes.io/name": "worker"}


def container(**props: Any) -> dict[str, Any]:
    usual = {
        "name": "worker",
        "image": DIGEST,
        "securityContext": SECURE,
        "readinessProbe": PROBE,
        "livenessProbe": PROBE,
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "64Mi"}},
    }
    return {**usual, **props}


def secured(**context: Any) -> dict[str, Any]:
    return container(securityContext={**SECURE, **context})


def deployment(*containers: dict[str, Any], spec: dict[str, Any] | None = None, **pod: Any) -> Resource:
    usual = {
        "securityContext": POD_SECURE,
        "automountServiceAccountToken": False,
        "containers": list(containers or (container(),)),
    }
    template = {"metadata": {"labels": LABELS}, "spec": {**usual, **pod}}
    metadata = {"name": "shape-map", "namespace": SPACE}
    return made(pods.DEPLOYMENT, "shape-map", {"metadata": metadata, "spec": {"template": template, **(spec or {})}})


def scaled(most: float | None = 5.0, *, target: str = "shape-map", namespace: str = SPACE) -> Resource:
    spec: dict[str, Any] = {"scaleTargetRef": {"name": target}}
    if most is not None:
        spec["maxReplicaCount"] = most
    return made(k8s.SCALED_OBJECT, "shape-map", {"metadata": {"name": target, "namespace": namespace}, "spec": spec})


def budget(labels: dict[str, str], *, namespace: str = SPACE, **spec: Any) -> Resource:
    content = {"maxUnavailable": 1.0, "selector": {"matchLabels": labels}, **spec}
    return made(k8s.DISRUPTION_BUDGET, "budget", {"metadata": {"namespace": namespace}, "spec": content})


def bound(account: str) -> Resource:
    subject = {"kind": "ServiceAccount", "name": account, "namespace": SPACE}
    return made(k8s.ROLE_BINDING, "binding", {"metadata": {"namespace": SPACE}, "subjects": [subject]})


def role(**rule: Any) -> Resource:
    return made(k8s.CLUSTER_ROLE, "role", {"rules": [rule]})


def namespace(level: str | None) -> Resource:
    labels = {"pod-security.kubernetes.io/enforce": level} if level else {}
    return made(k8s.NAMESPACE, SPACE, {"metadata": {"name": SPACE, "labels": labels}})


def network_policy(*, namespace: str = SPACE, **spec: Any) -> Resource:
    content = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"], **spec}
    return made(k8s.NETWORK_POLICY, "deny-all", {"metadata": {"namespace": namespace}, "spec": content})


JOB = made(
    pods.JOB,
    "credentials",
    {"spec": {"template": {"spec": {"securityContext": POD_SECURE, "containers": [container(image="runtime:1.4.2")]}}}},
)
ACCOUNT = made(
    k8s.SERVICE_ACCOUNT,
    "api",
    {"metadata": {"name": "api", "namespace": SPACE}, "automountServiceAccountToken": False},
)

CASES = {
    "pods-restricted": Cases(
        good=[
            good(deployment()),
            good(JOB),
            good(
                deployment(secured(runAsNonRoot=True), securityContext={"seccompProfile": {"type": "RuntimeDefault"}})
            ),
        ],
        bad=[
            bad(deployment(hostNetwork=True), says="hostNetwork"),
            bad(deployment(volumes=[{"name": "node", "hostPath": {"path": "/"}}]), says="volume node is a hostPath"),
            bad(deployment(securityContext={"seccompProfile": {"type": "RuntimeDefault"}}), says="runAsNonRoot"),
            bad(deployment(secured(runAsNonRoot=False)), says="runAsNonRoot"),
            bad(deployment(secured(runAsUser=0.0)), says="user 0"),
            bad(deployment(secured(allowPrivilegeEscalation=True)), says="allowPrivilegeEscalation"),
            bad(deployment(secured(privileged=True)), says="privileged"),
            bad(deployment(secured(capabilities={})), says="capabilities.drop"),
            bad(deployment(secured(capabilities={"drop": ["ALL"], "add": ["SYS_ADMIN"]})), says="SYS_ADMIN"),
            bad(deployment(securityContext={"runAsNonRoot": True}), says="seccomp"),
            bad(deployment(container(ports=[{"hostPort": 80.0}])), says="a port of the node"),
            bad(deployment(initContainers=[{"name": "init"}]), says="container init"),
            bad(made(pods.POD, "pod", {"spec": {"containers": [{"name": "bare"}]}}), says="container bare"),
            bad(
                made(
                    pods.CRON_JOB,
                    "cron",
                    {"spec": {"jobTemplate": {"spec": {"template": {"spec": {"containers": [{"name": "bare"}]}}}}}},
                ),
                says="container bare",
            ),
        ],
    ),
    "pods-read-only": Cases(
        good=[good(deployment())],
        bad=[bad(deployment(secured(readOnlyRootFilesystem=False)), says="readOnlyRootFilesystem")],
    ),
    "pods-have-requests-and-limits": Cases(
        good=[good(deployment())],
        bad=[
            bad(deployment(container(resources={})), says="requests.cpu"),
            bad(deployment(container(resources={"requests": {"cpu": "1", "memory": "1Gi"}})), says="limits.memory"),
        ],
    ),
    "pods-have-probes": Cases(
        good=[good(deployment())],
        bad=[
            bad(deployment(container(readinessProbe=None)), says="readinessProbe"),
            bad(deployment(container(livenessProbe=None)), says="livenessProbe"),
        ],
    ),
    "no-moving-tags": Cases(
        good=[good(deployment()), good(JOB)],
        bad=[
            bad(deployment(container(image="redis:latest")), says="redis:latest"),
            bad(deployment(container(image="registry.example:5000/redis")), says="another image tomorrow"),
            bad(deployment(container(image="registry.example/keda:main")), says="keda:main"),
        ],
    ),
    "images-by-digest-in-production": Cases(
        good=[good(deployment()), good(JOB, environment=DEV)],
        bad=[bad(JOB, says="runtime:1.4.2")],
    ),
    "no-replicas-where-something-scales": Cases(
        good=[
            good(deployment(), scaled()),
            good(deployment(spec={"replicas": 2.0}), scaled(target="shape-filter")),
            good(deployment(spec={"replicas": 2.0}), scaled(namespace="other")),
        ],
        bad=[
            bad(deployment(spec={"replicas": 1.0}), scaled(), says="which shape-map owns"),
            bad(
                deployment(spec={"replicas": 1.0}),
                made(
                    k8s.AUTOSCALER,
                    "hpa",
                    {
                        "metadata": {"namespace": SPACE},
                        "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "shape-map"}},
                    },
                ),
                says="which hpa owns",
            ),
        ],
    ),
    "disruption-budgets": Cases(
        good=[
            good(deployment()),
            good(deployment(), scaled(), budget(LABELS)),
            good(deployment(spec={"replicas": 2.0}), budget(LABELS)),
            good(deployment(), scaled(1.0)),
        ],
        bad=[
            bad(deployment(spec={"replicas": 2.0}), says="it can have 2 pods"),
            bad(deployment(), scaled(), says="it can have 5 pods"),
            bad(deployment(), scaled(None), says="it can have 100 pods"),
            bad(deployment(), scaled(), budget({"app": "other"}), says="no PodDisruptionBudget"),
            bad(deployment(), scaled(), budget(LABELS, namespace="other"), says="no PodDisruptionBudget"),
            bad(deployment(), scaled(), budget(LABELS, maxUnavailable=0.0), says="no node can be drained"),
        ],
    ),
    "no-idle-tokens": Cases(
        good=[
            good(deployment()),
            good(deployment(automountServiceAccountToken=True, serviceAccountName="keda"), bound("keda")),
            good(deployment(automountServiceAccountToken=None, serviceAccountName="api"), ACCOUNT),
        ],
        bad=[
            bad(deployment(automountServiceAccountToken=True, serviceAccountName="api"), says="service account api"),
            bad(deployment(automountServiceAccountToken=None), says="service account default"),
            bad(
                deployment(automountServiceAccountToken=True, serviceAccountName="api"),
                bound("keda"),
                says="service account api",
            ),
        ],
    ),
    "services-stay-inside": Cases(
        good=[good(made(k8s.SERVICE, props={"spec": {"type": "NodePort"}}))],
        bad=[
            bad(made(k8s.SERVICE, props={"spec": {"type": "LoadBalancer"}}), says="past the edge"),
            bad(made(k8s.SERVICE, props={"spec": {"externalIPs": ["192.0.2.1"]}}), says="externalIPs"),
        ],
    ),
    "no-wildcard-rights-in-the-cluster": Cases(
        good=[
            good(role(verbs=["get"], resources=["pods"], apiGroups=[""])),
            good(role(verbs=["*"], resources=["*"], apiGroups=["external.metrics.k8s.io"])),
        ],
        bad=[
            bad(role(verbs=["*"], resources=["pods"], apiGroups=[""]), says="every verb on pods"),
            bad(role(verbs=["get"], resources=["*"], apiGroups=["*"]), says="get on every resource"),
            bad(role(verbs=["escalate"], resources=["roles"], apiGroups=[""]), says="escalate"),
        ],
    ),
    "no-cluster-admins": Cases(
        good=[good(made(k8s.CLUSTER_ROLE_BINDING, props={"roleRef": {"name": "view"}}))],
        bad=[bad(made(k8s.CLUSTER_ROLE_BINDING, props={"roleRef": {"name": "cluster-admin"}}), says="administrator")],
    ),
    "reviewed-kinds-only": Cases(
        good=[good(deployment()), good(namespace("restricted"))],
        bad=[
            bad(made(f"kubernetes:{kind}"), says="has not been reviewed")
            for kind in (
                "apps/v1:DeploymentPatch",
                "apps/v1beta2:Deployment",
                "core/v1:NamespacePatch",
                "core/v1:ReplicationController",
                "rbac.authorization.k8s.io/v1:ClusterRoleBindingPatch",
                "helm.sh/v3:Release",
                "admissionregistration.k8s.io/v1:MutatingWebhookConfiguration",
            )
        ],
    ),
    "network-policies-name-somebody": Cases(
        good=[
            good(network_policy()),
            good(network_policy(ingress=[{"from": [{"podSelector": {"matchLabels": {"a": "b"}}}]}])),
            good(network_policy(egress=[{"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}], "ports": [{"port": 443}]}])),
        ],
        bad=[
            bad(network_policy(ingress=[{}]), says="for everybody"),
            bad(network_policy(egress=[{"ports": [{"port": 443}]}]), says="for everybody"),
            bad(network_policy(egress=[{"to": [{}]}]), says="for everybody"),
            bad(
                network_policy(egress=[{"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}]),
                says="every address at every port",
            ),
        ],
    ),
    "namespaces-restricted": Cases(
        good=[good(namespace("restricted"))],
        bad=[bad(namespace(None), says="pods of any kind"), bad(namespace("privileged"), says="pods of any kind")],
    ),
    "namespaces-closed": Cases(
        good=[good(namespace("restricted"), network_policy())],
        bad=[
            bad(namespace("restricted"), says="no NetworkPolicy closes it"),
            bad(namespace("restricted"), network_policy(namespace="other"), says="no NetworkPolicy"),
            bad(namespace("restricted"), network_policy(policyTypes=["Ingress"]), says="no NetworkPolicy"),
            bad(namespace("restricted"), network_policy(ingress=[{}]), says="no NetworkPolicy"),
            bad(
                namespace("restricted"),
                network_policy(podSelector={"matchLabels": {"app": "one"}}),
                says="no NetworkPolicy",
            ),
        ],
    ),
}
