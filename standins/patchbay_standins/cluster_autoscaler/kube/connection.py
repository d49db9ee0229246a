"""How the API server is reached: from inside a pod by its service account, elsewhere by a kubeconfig."""

import base64
import ssl
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

SERVICE_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")


class ConnectionSettingsError(ValueError):
    """Nothing, or nothing usable, tells how the API server is reached."""


@dataclass(frozen=True)
class Connection:
    """`token_file` is read again as its token is renewed."""

    server: str
    tls: ssl.SSLContext | None
    token: str = ""
    token_file: Path | None = None


def in_cluster(environment: Mapping[str, str], folder: Path = SERVICE_ACCOUNT) -> Connection:
    host, port = environment.get("KUBERNETES_SERVICE_HOST"), environment.get("KUBERNETES_SERVICE_PORT", "443")
    if not host or not (folder / "token").is_file():
        raise ConnectionSettingsError("this is no pod with a service account: set --kubeconfig")
    address = f"[{host}]" if ":" in host else host
    tls = ssl.create_default_context(cafile=str(folder / "ca.crt"))
    return Connection(f"https://{address}:{port}", tls, token_file=folder / "token")


def from_kubeconfig(path: Path) -> Connection:
    try:
        content = yaml.safe_load(path.read_text())
        context = _named(content, "contexts", "context", content["current-context"])
        cluster = _named(content, "clusters", "cluster", context["cluster"])
        user = _named(content, "users", "user", context["user"])
        server = str(cluster["server"]).rstrip("/")
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        # The text of these errors may quote the file, which holds credentials.
        raise ConnectionSettingsError(f"--kubeconfig: {path} cannot be used ({type(error).__name__})") from None
    if "exec" in user or "auth-provider" in user:
        raise ConnectionSettingsError("--kubeconfig: use a user with a token or a client certificate")
    token_file = path.parent / user["tokenFile"] if "tokenFile" in user else None
    return Connection(server, _tls(cluster, user, path.parent), str(user.get("token", "")), token_file)


def _named(content: Mapping[str, Any], section: str, key: str, name: str) -> Mapping[str, Any]:
    for entry in content[section]:
        if entry["name"] == name:
            found: Mapping[str, Any] = entry[key]
            return found
    raise KeyError(name)


def _tls(cluster: Mapping[str, Any], user: Mapping[str, Any], folder: Path) -> ssl.SSLContext:
    authority = _data(cluster, "certificate-authority", folder)
    tls = ssl.create_default_context(cadata=authority.decode() if authority else None)
    if cluster.get("insecure-skip-tls-verify"):
        tls.check_hostname = False
        tls.verify_mode = ssl.CERT_NONE
    certificate, key = _data(user, "client-certificate", folder), _data(user, "client-key", folder)
    if certificate and key:
        # OpenSSL reads client certificates from files only.
        with tempfile.NamedTemporaryFile(suffix=".pem") as file:
            file.write(certificate.rstrip() + b"\n" + key)
            file.flush()
            tls.load_cert_chain(file.name)
    return tls


def _data(entry: Mapping[str, Any], name: str, folder: Path) -> bytes | None:
    if encoded := entry.get(f"{name}-data"):
        return base64.b64decode(str(encoded))
    return (folder / str(entry[name])).read_bytes() if entry.get(name) else None
