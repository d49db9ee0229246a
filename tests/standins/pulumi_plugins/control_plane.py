"""A control plane without nodes on loopback, for tests."""

import os
import ssl
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Self

import httpx
import yaml
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from patchbay_local.machine import paths

from tests.pinned_tools import need
from tests.ports import free_port

TOKEN = "token-of-the-tests"
START_SECONDS = 90
# What the tests see the effects of; each one more costs a second of CPU at the start.
CONTROLLERS = "namespace-controller,garbage-collector-controller,deployment-controller,replicaset-controller"


class ControlPlane:
    """etcd, API server and controller manager below one directory, for as long as the context is open."""

    def __init__(self, directory: Path, controllers: str = CONTROLLERS) -> None:
        need(paths.BIN / "kube-apiserver")
        self._directory = directory
        self._controllers = controllers
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._etcd, self._etcd_peer, port = (free_port() for _ in range(3))
        self.address = f"https://127.0.0.1:{port}"
        self.kubeconfig = directory / "kubeconfig"
        self._port = port
        # The API server makes this certificate, which is its own authority, when it starts.
        self._authority = directory / "certificates" / "apiserver.crt"

    def __enter__(self) -> Self:
        """Returns when the API server and its default namespace are there."""
        try:
            self._start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def _start(self) -> None:
        self._write_keys()
        client, peer = (f"http://127.0.0.1:{port}" for port in (self._etcd, self._etcd_peer))
        self._run(
            "etcd",
            f"--data-dir={self._directory / 'etcd'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--unsafe-no-fsync",
        )
        self.start_api_server()
        self._run(
            "kube-controller-manager",
            f"--kubeconfig={self.kubeconfig}",
            f"--controllers={self._controllers}",
            "--leader-elect=false",
            "--secure-port=0",
            "--concurrent-namespace-syncs=4",
        )

    def start_api_server(self) -> None:
        """Starts the API server and waits until it is ready."""
        key = self._directory / "service-accounts.key"
        self._run(
            "kube-apiserver",
            f"--etcd-servers=http://127.0.0.1:{self._etcd}",
            f"--cert-dir={self._directory / 'certificates'}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={self._port}",
            "--service-cluster-ip-range=10.99.0.0/24",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--token-auth-file={self._directory / 'tokens.csv'}",
            "--authorization-mode=RBAC",
            "--disable-admission-plugins=ServiceAccount",
        )
        self._wait_until_ready()

    def kill_api_server(self) -> None:
        self._kill("kube-apiserver")

    def _stop(self) -> None:
        for name in reversed(list(self._children)):
            self._kill(name)

    def client(self) -> httpx.Client:
        """A client as the cluster's administrator."""
        trusted = ssl.create_default_context(cafile=str(self._authority))
        headers = {"Authorization": f"Bearer {TOKEN}"}
        return httpx.Client(base_url=self.address, verify=trusted, headers=headers, trust_env=False, timeout=30)

    def token_of(self, namespace: str, account: str) -> str:
        """A token of a service account that is there."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
        request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
        with self.client() as client:
            return str(client.post(path, json=request).raise_for_status().json()["status"]["token"])

    def mount_account(self, namespace: str, account: str, directory: Path) -> None:
        """Write what a pod of the service account finds mounted."""
        (directory / "token").write_text(self.token_of(namespace, account))
        (directory / "namespace").write_text(namespace)
        (directory / "ca.crt").write_bytes(self._authority.read_bytes())

    def _write_keys(self) -> None:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        (self._directory / "service-accounts.key").write_bytes(pem)
        (self._directory / "tokens.csv").write_text(f'{TOKEN},admin,admin,"system:masters"\n')
        cluster = {"server": self.address, "certificate-authority": str(self._authority)}
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "tests",
            "contexts": [{"name": "tests", "context": {"cluster": "tests", "user": "admin"}}],
            "clusters": [{"name": "tests", "cluster": cluster}],
            "users": [{"name": "admin", "user": {"token": TOKEN}}],
        }
        self.kubeconfig.write_text(yaml.safe_dump(content))

    def _run(self, name: str, *arguments: str) -> None:
        log = (self._directory / f"{name}.log").open("ab")
        self._children[name] = subprocess.Popen(
            [str(paths.BIN / name), *arguments], stdout=log, stderr=log, stdin=subprocess.DEVNULL
        )
        log.close()

    def _kill(self, name: str) -> None:
        # Nothing here is kept, and an API server takes its time to end.
        child = self._children.pop(name)
        child.kill()
        child.wait()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert self._children["kube-apiserver"].poll() is None, self._tail("kube-apiserver")
            # Before the first start there is no certificate either.
            with suppress(httpx.TransportError, FileNotFoundError), self.client() as client:
                ready = client.get("/readyz").status_code == 200
                if ready and client.get("/api/v1/namespaces/default").status_code == 200:
                    return
            time.sleep(0.2)
        raise AssertionError(self._tail("kube-apiserver"))

    def _tail(self, name: str) -> str:
        return (self._directory / f"{name}.log").read_text()[-3000:]


def environment_without_pulumi() -> dict[str, str]:
    """The environment of the tests, without settings of a Pulumi user."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PULUMI_", "KUBECONFIG"))}
