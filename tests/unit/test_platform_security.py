"""What holds for every pod, account and namespace that the program creates."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from patchbay_runtime.quantity import mebibytes, millicores

from .conftest import REPOSITORY, Created, Manifest, Program

BY_DIGEST = re.compile(r"^registry\.example:5000/patchbay/[a-z-]+@sha256:[0-9a-f]{64}$")

# What these ask of the Kubernetes API, they ask with their own account's token.
TOKEN_HOLDERS = {"credentials", "keda-operator", "keda-metrics-apiserver", "cluster-autoscaler", "scale-in-order"}

# It only takes up room: there is nothing to be ready, and nothing to hang.
WITHOUT_PROBES = {"headroom"}


def containers(pod: Manifest) -> Iterator[Manifest]:
    yield from pod["spec"].get("initContainers", [])
    yield from pod["spec"]["containers"]


def every_container(program: Program) -> Iterator[tuple[str, Manifest, Manifest]]:
    for owner, pod in program.pod_templates():
        for container in containers(pod):
            yield f"{owner.kind} {owner.object_name}, container {container['name']}", pod, container


def test_every_image_is_deployed_by_digest(program: Program) -> None:
    for where, _, container in every_container(program):
        assert BY_DIGEST.match(container["image"]), f"{where}: {container['image']}"


def test_every_container_meets_the_restricted_pod_security_level(program: Program) -> None:
    for where, pod, container in every_container(program):
        own, shared = container["securityContext"], pod["spec"].get("securityContext", {})
        assert own["allowPrivilegeEscalation"] is False, where
        assert own["capabilities"]["drop"] == ["ALL"], where
        assert "add" not in own["capabilities"], where
        assert own.get("runAsNonRoot", shared.get("runAsNonRoot")) is True, where
        seccomp = own.get("seccompProfile", shared.get("seccompProfile"))
        assert seccomp == {"type": "RuntimeDefault"}, where


def test_no_container_writes_to_its_image(program: Program) -> None:
    for where, _, container in every_container(program):
        assert container["securityContext"]["readOnlyRootFilesystem"] is True, where


def test_no_pod_mounts_the_node_or_shares_its_namespaces(program: Program) -> None:
    for owner, pod in program.pod_templates():
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod["spec"].keys(), owner.object_name
        assert not any("hostPath" in volume for volume in pod["spec"].get("volumes", [])), owner.object_name


def test_every_container_says_what_it_needs_and_how_much_memory_it_may_take(program: Program) -> None:
    for where, _, container in every_container(program):
        assert {"cpu", "memory"} <= container["resources"]["requests"].keys(), where
        assert "memory" in container["resources"]["limits"], where


def test_every_long_running_container_is_probed(program: Program) -> None:
    for owner, pod in program.pod_templates():
        if owner.kind != "Job" and owner.object_name not in WITHOUT_PROBES:
            for container in pod["spec"]["containers"]:
                assert {"readinessProbe", "livenessProbe"} <= container.keys(), owner.object_name


def test_only_those_that_ask_the_kubernetes_api_get_a_token(program: Program) -> None:
    with_token = {
        owner.object_name
        for owner, pod in program.pod_templates()
        if pod["spec"].get("automountServiceAccountToken") is not False
    }
    assert with_token == TOKEN_HOLDERS


def test_every_workload_runs_under_an_account_of_its_own(program: Program) -> None:
    accounts = [
        (owner.namespace, pod["spec"]["serviceAccountName"])
        for owner, pod in program.pod_templates()
        if owner.namespace != "keda"
    ]
    assert len(accounts) == len(set(accounts))
    assert not any(account == "default" for _, account in accounts)


def test_every_namespace_enforces_the_restricted_level(program: Program) -> None:
    found = {item.object_name: item.inputs["metadata"]["labels"] for item in program.of("Namespace")}
    ours = {f"patchbay-{name}" for name in ("gateway", "runtime", "data", "metrics", "headroom")}
    assert set(found) == {*ours, "keda"}
    for name, labels in found.items():
        for mode in ("enforce", "audit", "warn"):
            assert labels[f"pod-security.kubernetes.io/{mode}"] == "restricted", name


def test_every_namespace_is_closed_to_the_network_until_a_policy_opens_it(program: Program) -> None:
    closed = {policy.namespace for policy in program.of("NetworkPolicy") if policy.object_name == "deny-all"}
    assert closed == {namespace.object_name for namespace in program.of("Namespace")}


def test_the_data_stores_are_reached_by_the_runtime_only(program: Program) -> None:
    for store, clients in (("redis", {"api", "worker", "scale-in-order"}), ("mariadb", {"api", "worker"})):
        rules = program.one("NetworkPolicy", store).inputs["spec"]["ingress"]
        peers = [peer for rule in rules for peer in rule["from"]]
        assert {peer["podSelector"]["matchLabels"]["app.kubernetes.io/name"] for peer in peers} == clients
        assert {peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"] for peer in peers} == {
            "patchbay-runtime"
        }


def test_only_the_connector_leaves_the_cluster_and_never_to_the_metadata_service(program: Program) -> None:
    def outside(policy: Created) -> list[Any]:
        return [
            peer["ipBlock"]
            for rule in policy.inputs["spec"].get("egress", [])
            for peer in rule["to"]
            if peer.get("ipBlock", {}).get("cidr") in {"0.0.0.0/0", "::/0"}
        ]

    leaving = {policy.object_name: outside(policy) for policy in program.of("NetworkPolicy") if outside(policy)}
    assert set(leaving) == {"http-connector"}  # on AWS the cluster autoscaler as well, to port 443
    assert "169.254.0.0/16" in leaving["http-connector"][0]["except"]


def test_no_role_may_read_all_secrets_of_the_cluster(program: Program) -> None:
    for role in program.of("ClusterRole"):
        for rule in role.inputs["rules"]:
            reads_core = {"", "*"} & set(rule["apiGroups"])
            assert not (reads_core and {"secrets", "*"} & set(rule["resources"])), role.object_name


def test_what_belongs_to_no_namespace_bears_the_platforms_name(program: Program) -> None:
    """Another program's object of the same name would be taken for ours, or ours for its."""
    kinds = ("Namespace", "PriorityClass", "ClusterRole", "ClusterRoleBinding")
    policies = ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")
    # KEDA's are as it ships them.
    ours = [
        item.object_name
        for kind in (*kinds, *policies)
        for item in program.of(kind)
        if not item.object_name.startswith("keda")
    ]
    assert len(ours) > len(kinds) + len(policies)
    assert [name for name in ours if not name.startswith("patchbay-")] == []


def test_only_the_credentials_job_has_rights_beside_the_autoscalers(program: Program) -> None:
    bound = {
        subject["name"]
        for kind in ("RoleBinding", "ClusterRoleBinding")
        for binding in program.of(kind)
        for subject in binding.inputs["subjects"]
    }
    assert bound == {
        "credentials",
        "keda-operator",
        "horizontal-pod-autoscaler",
        "cluster-autoscaler",
        "scale-in-order",
    }


def test_the_credentials_job_reads_its_own_secrets_only(program: Program) -> None:
    allowed = {
        "patchbay-data": ["redis", "mariadb"],
        "patchbay-runtime": ["administrator", "sealing", "redis", "mariadb"],
    }
    for namespace, names in allowed.items():
        read, create = program.one("Role", "credentials", namespace).inputs["rules"]
        assert (read["verbs"], read["resourceNames"]) == (["get"], names)
        assert (create["verbs"], create["resources"]) == (["create"], ["secrets"])


def secrets_of(pod: Manifest, container: Manifest) -> set[str]:
    """The Secrets that a container sees: as files, or as variables."""
    volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes", [])}
    # A claim of a StatefulSet is no volume of the template.
    mounted = [volumes.get(mount["name"], {}) for mount in container.get("volumeMounts", [])]
    named = {volume["secret"]["secretName"] for volume in mounted if "secret" in volume}
    variables = [item["valueFrom"] for item in container.get("env", []) if "valueFrom" in item]
    return named | {item["secretKeyRef"]["name"] for item in variables if "secretKeyRef" in item}


@pytest.mark.parametrize("secret", ["administrator", "sealing"])
def test_the_keys_of_the_api_are_mounted_into_its_own_pods_alone(program: Program, secret: str) -> None:
    holders = {where for where, pod, container in every_container(program) if secret in secrets_of(pod, container)}
    assert holders == {"Deployment api, container migrate", "Deployment api, container api"}
    for owner, pod in program.pod_templates():
        named = {volume["secret"]["secretName"] for volume in pod["spec"].get("volumes", []) if "secret" in volume}
        assert owner.object_name == "api" or secret not in named, owner.object_name


def test_the_api_finds_its_keys_in_the_files_that_its_settings_name(program: Program) -> None:
    pod = program.one("Deployment", "api").inputs["spec"]["template"]
    volumes = {volume["name"]: volume.get("secret", {}) for volume in pod["spec"]["volumes"]}
    for container in containers(pod):
        given = {item["name"]: item.get("value") for item in container["env"]}
        places = {mount["mountPath"]: volumes[mount["name"]] for mount in container["volumeMounts"]}
        for secret in ("administrator", "sealing"):
            directory, _, file = given[f"PATCHBAY_{secret.upper()}_KEY_FILE"].rpartition("/")
            assert (file, places[directory]["secretName"]) == ("key", secret)
            # Read by the pod's own group, and by nobody else.
            assert places[directory]["defaultMode"] == 0o440


def test_no_credential_stands_in_the_stack_s_state(program: Program) -> None:
    assert program.of("Secret") == []
    for where, _, container in every_container(program):
        for variable in container.get("env", []):
            secret = "PASSWORD" in variable["name"] and not variable["name"].endswith("_FILE")
            assert not secret, f"{where}: {variable['name']}"


def test_a_changed_native_file_rolls_the_pods_that_read_it(program: Program) -> None:
    for owner, pod in program.pod_templates():
        reads_files = any("configMap" in volume for volume in pod["spec"].get("volumes", []))
        annotations = pod["metadata"].get("annotations", {})
        assert not reads_files or "patchbay.dev/config-checksum" in annotations, owner.object_name


# Milli-CPUs and MiB: https://aws.amazon.com/ec2/instance-types
MACHINES = {"m7i.large": (2000, 8192), "c7a.medium": (1000, 2048)}


def test_the_local_nodes_have_room_for_the_platform_and_at_most_for_every_shape(program: Program) -> None:
    config = yaml.safe_load((REPOSITORY / "Pulumi.local.yaml").read_text())["config"]["patchbay:infra"]
    (cluster,) = config["clusters"].values()
    system, flows = cluster["system"], cluster["flows"]["onDemand"]
    most = {item.object_name: item.inputs["spec"]["maxReplicaCount"] for item in program.of("ScaledObject")}
    platform, least, grown = (0, 0), (0, 0), (0, 0)
    for owner, pod in program.pod_templates():
        replicas = int(owner.inputs["spec"].get("replicas", 1))
        if pod["spec"]["nodeSelector"]["patchbay.dev/pool"] == "system":
            platform = _add(platform, pod, replicas)
        else:
            least = _add(least, pod, replicas)
            grown = _add(grown, pod, most.get(owner.object_name, 0))
    for needed, group, nodes in ((platform, system, "minSize"), (least, flows, "minSize"), (grown, flows, "maxSize")):
        (machine,) = group["instanceTypes"]
        offered = [amount * group[nodes] for amount in MACHINES[machine]]
        # What the node's own programs take is not asked for by any pod.
        assert needed[0] < 0.9 * offered[0], (needed, offered)
        assert needed[1] < 0.9 * offered[1], (needed, offered)


def _add(sum_: tuple[int, int], pod: Manifest, replicas: int) -> tuple[int, int]:
    requests = [container["resources"]["requests"] for container in pod["spec"]["containers"]]
    cpu = sum(millicores(request["cpu"]) for request in requests)
    memory = sum(mebibytes(request["memory"]) for request in requests)
    return sum_[0] + replicas * cpu, sum_[1] + replicas * memory
