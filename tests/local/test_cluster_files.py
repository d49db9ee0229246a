"""What the nodes' programs and the cluster's DNS are told."""

import json
import re
import tomllib
from ipaddress import IPv4Address, IPv4Network

import pytest
import yaml
from patchbay_local.kubernetes.cluster import dns, node_files
from patchbay_local.kubernetes.cluster.machine_files import machine_files
from patchbay_local.kubernetes.cluster.spec import NodeSize, NodeSpec, Taint

NODE = NodeSpec(
    instance_id="i-0123456789abcdef0",
    zone="eu-central-1a",
    instance_type="c7a.medium",
    group="flows",
    size=NodeSize(cpus=1, memory_mib=2048, pods=20),
    taints=(Taint(key="dedicated", value="flows"),),
)


def test_images_are_pulled_from_the_registry_on_the_bridge_and_pods_start_from_our_own_pause_image() -> None:
    config = tomllib.loads(node_files.containerd_config("registry.example/pause@sha256:1"))
    cri = config["plugins"]["io.containerd.grpc.v1.cri"]
    assert cri["sandbox_image"] == "registry.example/pause@sha256:1"
    assert cri["registry"]["config_path"] == "/var/lib/node/certs.d"
    hosts = tomllib.loads(node_files.registry_hosts())
    assert hosts["host"] == {"http://10.89.0.1:5000": {"capabilities": ["pull", "resolve"]}}


def test_a_node_gives_all_of_its_size_to_pods_and_stays_in_its_control_group() -> None:
    config = yaml.safe_load(node_files.kubelet_config(NODE, cgroup="/patchbay/node-1"))
    assert not {"systemReserved", "kubeReserved"} & config.keys()
    assert config["evictionHard"]["memory.available"] == "0%"
    assert (config["maxPods"], config["cgroupRoot"], config["cgroupDriver"]) == (20, "/patchbay/node-1", "cgroupfs")
    assert config["registerWithTaints"] == [{"key": "dedicated", "value": "flows", "effect": "NoSchedule"}]


@pytest.mark.parametrize(("cpus", "online"), [(1, "0"), (2, "0-1"), (64, "0-63")])
def test_a_nodes_machine_has_the_processors_and_the_memory_of_its_type(cpus: int, online: str) -> None:
    files = machine_files(NodeSize(cpus=cpus, memory_mib=2048))
    assert files["online"].strip() == files["node/node0/cpulist"].strip() == online
    assert len({path for path in files if path.endswith("/core_id")}) == cpus
    assert re.search(r"^MemTotal:\s*2097152 kB$", files["meminfo"], re.MULTILINE)
    assert re.search(r"^Node 0 MemTotal:\s*2097152 kB$", files["node/node0/meminfo"], re.MULTILINE)


def test_a_kubelet_serves_no_one_unknown() -> None:
    config = yaml.safe_load(node_files.kubelet_config(NODE, cgroup="/x"))
    assert config["authentication"]["anonymous"] == {"enabled": False}
    assert config["authorization"] == {"mode": "Webhook"}
    assert config["readOnlyPort"] == 0


def test_a_node_registers_with_its_provider_id_and_zone() -> None:
    flags = node_files.kubelet_flags(NODE, IPv4Address("10.89.0.20")).splitlines()
    assert f"--provider-id=aws:///eu-central-1a/{NODE.instance_id}" in flags
    labels = next(flag for flag in flags if flag.startswith("--node-labels="))
    assert "topology.kubernetes.io/zone=eu-central-1a" in labels


def test_pods_get_addresses_of_their_nodes_network() -> None:
    config = json.loads(node_files.cni_config(IPv4Network("10.90.20.0/24")))
    assert config["plugins"][0]["ipam"]["ranges"] == [[{"subnet": "10.90.20.0/24"}]]


@pytest.mark.parametrize(
    ("nameservers", "expected"), [((IPv4Address("192.0.2.53"),), "forward . 192.0.2.53"), ((), None)]
)
def test_dns_asks_the_hosts_name_servers_where_it_has_any(
    nameservers: tuple[IPv4Address, ...], expected: str | None
) -> None:
    objects = {item["kind"]: item for item in dns.manifests("registry.example/coredns@sha256:2", nameservers)}
    corefile = objects["ConfigMap"]["data"]["Corefile"]
    assert (expected in corefile) if expected else ("forward" not in corefile)
    assert objects["Service"]["spec"]["clusterIP"] == "10.91.0.10"


def test_cluster_dns_meets_the_restricted_level() -> None:
    objects = {item["kind"]: item for item in dns.manifests("registry.example/coredns@sha256:2", ())}
    pod = objects["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
