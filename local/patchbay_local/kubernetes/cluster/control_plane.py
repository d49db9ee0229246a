"""The control plane's daemons: etcd, API server, controller manager, scheduler."""

from pathlib import Path

from patchbay_local.kubernetes.cluster.kubeconfig import write_kubeconfig
from patchbay_local.kubernetes.cluster.pki import CLUSTER, ETCD, FRONT_PROXY, Pki
from patchbay_local.kubernetes.cluster.spec import ClusterSpec
from patchbay_local.machine import addresses, paths
from patchbay_local.machine.daemons import Daemon

ETCD_CLIENT_URL = f"https://127.0.0.1:{addresses.CHOSEN.ports.etcd}"
_ETCD_PEER_URL = f"https://127.0.0.1:{addresses.CHOSEN.ports.etcd_peers}"
_ISSUER = "https://kubernetes.default.svc.cluster.local"


def etcd(pki: Pki, cgroup_files: tuple[Path, ...]) -> Daemon:
    """One member, on loopback, for clients with a certificate of its authority."""
    pair, authority = pki.pair("etcd"), pki.pair(ETCD).certificate
    return Daemon(
        name="etcd",
        argv=(
            str(paths.BIN / "etcd"),
            "--name=patchbay",
            f"--data-dir={paths.ETCD}",
            f"--listen-client-urls={ETCD_CLIENT_URL}",
            f"--advertise-client-urls={ETCD_CLIENT_URL}",
            f"--listen-peer-urls={_ETCD_PEER_URL}",
            f"--initial-advertise-peer-urls={_ETCD_PEER_URL}",
            f"--initial-cluster=patchbay={_ETCD_PEER_URL}",
            f"--cert-file={pair.certificate}",
            f"--key-file={pair.key}",
            f"--trusted-ca-file={authority}",
            "--client-cert-auth",
            f"--peer-cert-file={pair.certificate}",
            f"--peer-key-file={pair.key}",
            f"--peer-trusted-ca-file={authority}",
            "--peer-client-cert-auth",
            "--auto-compaction-retention=1",
            "--log-level=warn",
            # A power cut may lose the last writes: the cluster is made anew from the stack then.
            "--unsafe-no-fsync",
        ),
        cgroup_files=cgroup_files,
    )


def api_server(pki: Pki, cgroup_files: tuple[Path, ...]) -> Daemon:
    """On the bridge's address alone; the packet filter leads loopback there."""
    serving, kubelet, store = (
        pki.pair("apiserver"),
        pki.pair("apiserver-kubelet-client"),
        pki.pair("apiserver-etcd-client"),
    )
    front_proxy, accounts = pki.pair("front-proxy-client"), pki.service_account
    return Daemon(
        name="kube-apiserver",
        argv=(
            str(paths.BIN / "kube-apiserver"),
            f"--bind-address={addresses.BRIDGE_ADDRESS}",
            f"--advertise-address={addresses.BRIDGE_ADDRESS}",
            f"--secure-port={addresses.API_SERVER_PORT}",
            f"--service-cluster-ip-range={addresses.SERVICE_NETWORK}",
            f"--tls-cert-file={serving.certificate}",
            f"--tls-private-key-file={serving.key}",
            f"--client-ca-file={pki.pair(CLUSTER).certificate}",
            "--anonymous-auth=false",
            "--authorization-mode=Node,RBAC",
            # Pod Security admission is among the defaults.
            "--enable-admission-plugins=NodeRestriction",
            f"--etcd-servers={ETCD_CLIENT_URL}",
            f"--etcd-cafile={pki.pair(ETCD).certificate}",
            f"--etcd-certfile={store.certificate}",
            f"--etcd-keyfile={store.key}",
            f"--kubelet-certificate-authority={pki.pair(CLUSTER).certificate}",
            f"--kubelet-client-certificate={kubelet.certificate}",
            f"--kubelet-client-key={kubelet.key}",
            "--kubelet-preferred-address-types=InternalIP",
            f"--service-account-issuer={_ISSUER}",
            f"--service-account-key-file={accounts.certificate}",
            f"--service-account-signing-key-file={accounts.key}",
            f"--requestheader-client-ca-file={pki.pair(FRONT_PROXY).certificate}",
            "--requestheader-allowed-names=front-proxy-client",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
            "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-username-headers=X-Remote-User",
            f"--proxy-client-cert-file={front_proxy.certificate}",
            f"--proxy-client-key-file={front_proxy.key}",
            # No kube-proxy runs beside the API server: it reaches pods by the nodes' routes.
            "--enable-aggregator-routing=true",
            "--profiling=false",
        ),
        # It waits for its watches to end, and they do not: all state is etcd's.
        stop_grace_seconds=1,
        cgroup_files=cgroup_files,
    )


def controller_manager(pki: Pki, spec: ClusterSpec, cgroup_files: tuple[Path, ...]) -> Daemon:
    """Pod networks are not its concern: every node has its own from the start."""
    kubeconfig = paths.PKI / "controller-manager.kubeconfig"
    write_kubeconfig(kubeconfig, pki, pki.pair("controller-manager"), user="system:kube-controller-manager")
    return Daemon(
        name="kube-controller-manager",
        argv=(
            str(paths.BIN / "kube-controller-manager"),
            "--bind-address=127.0.0.1",
            f"--secure-port={addresses.CHOSEN.ports.controller_manager}",
            f"--kubeconfig={kubeconfig}",
            f"--authentication-kubeconfig={kubeconfig}",
            f"--authorization-kubeconfig={kubeconfig}",
            f"--root-ca-file={pki.pair(CLUSTER).certificate}",
            f"--service-account-private-key-file={pki.service_account.key}",
            "--use-service-account-credentials=true",
            "--allocate-node-cidrs=false",
            "--leader-elect=false",
            f"--horizontal-pod-autoscaler-sync-period={spec.hpa_sync_seconds:g}s",
            f"--node-monitor-grace-period={spec.node_monitor_grace_seconds}s",
            "--node-monitor-period=2s",
            "--profiling=false",
        ),
        cgroup_files=cgroup_files,
    )


def scheduler(pki: Pki, cgroup_files: tuple[Path, ...]) -> Daemon:
    """The default profile."""
    kubeconfig = paths.PKI / "scheduler.kubeconfig"
    write_kubeconfig(kubeconfig, pki, pki.pair("scheduler"), user="system:kube-scheduler")
    return Daemon(
        name="kube-scheduler",
        argv=(
            str(paths.BIN / "kube-scheduler"),
            "--bind-address=127.0.0.1",
            f"--secure-port={addresses.CHOSEN.ports.scheduler}",
            f"--kubeconfig={kubeconfig}",
            f"--authentication-kubeconfig={kubeconfig}",
            f"--authorization-kubeconfig={kubeconfig}",
            "--leader-elect=false",
            "--profiling=false",
        ),
        cgroup_files=cgroup_files,
    )
