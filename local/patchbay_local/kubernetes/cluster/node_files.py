"""The files that a node's programs read, as pure functions of the node. Paths are as the node sees them."""

import json
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import yaml

from patchbay_local.kubernetes.cluster.spec import NodeSpec
from patchbay_local.machine import addresses

CONFIGURATION = Path("/var/lib/node")
CERTIFICATES = CONFIGURATION / "pki"
CONTAINERD_SOCKET = Path("/run/containerd/containerd.sock")
_CNI_CONFIGURATION = CONFIGURATION / "cni"
_REGISTRIES = CONFIGURATION / "certs.d"
# Renewed every quarter of it; kept apart from the controller manager's grace, which has to be longer.
LEASE_SECONDS = 8


def containerd_config(pause_image: str) -> str:
    """For containerd 1.6 and its CRI plugin."""
    return f"""version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = [
  "io.containerd.internal.v1.opt",
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
  "io.containerd.tracing.processor.v1.otlp",
]

[grpc]
address = "{CONTAINERD_SOCKET}"

[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{pause_image}"
# Profiles would be loaded into the kernel that the node shares with the host.
disable_apparmor = true
# Where CAP_SYS_RESOURCE is missing, no process may lower its score.
restrict_oom_score_adj = true
tolerate_missing_hugetlb_controller = true

[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "overlayfs"
default_runtime_name = "runc"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
SystemdCgroup = false

[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "{_CNI_CONFIGURATION}"

[plugins."io.containerd.grpc.v1.cri".registry]
config_path = "{_REGISTRIES}"
"""


def registry_hosts() -> str:
    """The local registry speaks plain HTTP on the bridge, which no other machine reaches."""
    return f"""server = "http://{addresses.BRIDGE_ADDRESS}:{addresses.REGISTRY_PORT}"

[host."http://{addresses.BRIDGE_ADDRESS}:{addresses.REGISTRY_PORT}"]
capabilities = ["pull", "resolve"]
"""


def cni_config(pods: IPv4Network) -> str:
    """A routed cable per pod: traffic between pods of one node passes kube-proxy's rules without a bridge filter."""
    document = {
        "cniVersion": "1.0.0",
        "name": "patchbay",
        "plugins": [
            {
                "type": "ptp",
                "ipMasq": False,
                "ipam": {
                    "type": "host-local",
                    "ranges": [[{"subnet": str(pods)}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                    # Gone with the node's first process, as its pods are.
                    "dataDir": "/run/cni",
                },
            }
        ],
    }
    return json.dumps(document, indent=2)


def kubelet_config(node: NodeSpec, *, cgroup: str) -> str:
    """All of the node's size is for pods: its own daemons are not counted against it."""
    document = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(CERTIFICATES / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(CERTIFICATES / "node.crt"),
        "tlsPrivateKeyFile": str(CERTIFICATES / "node.key"),
        "readOnlyPort": 0,
        "containerRuntimeEndpoint": f"unix://{CONTAINERD_SOCKET}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": cgroup,
        "failCgroupV1": False,
        "failSwapOn": False,
        "clusterDNS": [str(addresses.DNS_ADDRESS)],
        "clusterDomain": "cluster.local",
        "resolvConf": str(CONFIGURATION / "resolv.conf"),
        "maxPods": node.size.pods,
        # As on EKS (infra/patchbay_infra/cluster/node_user_data.py).
        "singleProcessOOMKill": True,
        # What memory is in use is measured on the whole machine; pods are held to the node's size by their group.
        "evictionHard": {
            "memory.available": "0%",
            "nodefs.available": "10%",
            "nodefs.inodesFree": "5%",
            "imagefs.available": "15%",
        },
        # A node takes pods again so soon after its disk has room.
        "evictionPressureTransitionPeriod": "30s",
        "nodeLeaseDurationSeconds": LEASE_SECONDS,
        "nodeStatusUpdateFrequency": "5s",
        "serializeImagePulls": False,
        "maxParallelImagePulls": 4,
        "registryPullQPS": 0,
        "kubeAPIQPS": 50,
        "kubeAPIBurst": 100,
        "oomScoreAdj": 0,
        "seccompDefault": True,
        "rotateCertificates": False,
        "volumePluginDir": "/var/lib/kubelet/volume-plugins",
        "registerWithTaints": [
            {"key": taint.key, "value": taint.value, "effect": taint.effect} for taint in node.taints
        ],
    }
    return yaml.safe_dump(document, sort_keys=False)


def kubelet_flags(node: NodeSpec, address: IPv4Address) -> str:
    """What has no field in the kubelet's configuration, a flag per line."""
    labels = ",".join(f"{key}={value}" for key, value in sorted(node.all_labels.items()))
    return "\n".join(
        (
            f"--config={CONFIGURATION / 'kubelet.yaml'}",
            f"--kubeconfig={CONFIGURATION / 'kubelet.kubeconfig'}",
            f"--hostname-override={node.name}",
            f"--node-ip={address}",
            f"--provider-id={node.provider_id}",
            f"--node-labels={labels}",
            "",
        )
    )


def kube_proxy_config(node: NodeSpec) -> str:
    """Mode nftables, in the node's network namespace; conntrack's limits are the host's and stay as they are."""
    document = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": str(CONFIGURATION / "kube-proxy.kubeconfig")},
        "hostnameOverride": node.name,
        "mode": "nftables",
        "clusterCIDR": str(addresses.POD_NETWORK),
        "detectLocalMode": "ClusterCIDR",
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
        "oomScoreAdj": 0,
    }
    return yaml.safe_dump(document, sort_keys=False)


def hosts_file(node: NodeSpec, address: IPv4Address) -> str:
    registry = addresses.REGISTRY_HOST.partition(":")[0]
    return f"127.0.0.1 localhost\n{address} {node.name}\n{addresses.BRIDGE_ADDRESS} {registry}\n"


def resolv_conf(nameservers: tuple[IPv4Address, ...]) -> str:
    """For pods that use the node's DNS, CoreDNS among them."""
    return "".join(f"nameserver {address}\n" for address in nameservers)
