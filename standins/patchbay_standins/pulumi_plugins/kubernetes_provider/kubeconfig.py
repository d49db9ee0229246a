"""Reads a kubeconfig: which API server, trusted how, entered as whom."""

import base64
import os
import ssl
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from patchbay_standins.pulumi_plugins.kubernetes_provider.settings import Settings
from patchbay_standins.pulumi_plugins.plugin.errors import SettingsError


@dataclass(frozen=True)
class Cluster:
    """How an API server is reached. `origin` says where this was read, for error messages."""

    server: str
    namespace: str
    origin: str
    tls: ssl.SSLContext | None
    token: str | None


def load(settings: Settings) -> Cluster:
    """The cluster of the settings' kubeconfig: its content, its path, else $KUBECONFIG, else ~/.kube/config."""
    content, origin, base = _content(settings.kubeconfig)
    context_name = settings.context or content.get("current-context")
    if not context_name:
        raise SettingsError("kubeconfig", f"{origin} has no current-context: set one, or set `context`")
    context = _named(content, "contexts", "context", str(context_name), origin)
    cluster = _named(content, "clusters", "cluster", settings.cluster or str(context.get("cluster")), origin)
    user = _named(content, "users", "user", str(context["user"]), origin) if context.get("user") else {}
    server = str(cluster.get("server", "")).rstrip("/")
    if not server.startswith(("http://", "https://")):
        raise SettingsError("kubeconfig", f"{origin}: the cluster's `server` must be an http or https address")
    if "exec" in user or "auth-provider" in user:
        raise SettingsError(
            "kubeconfig",
            f"{origin}: users with an `exec` or `auth-provider` entry are not supported by this provider: "
            "use a client certificate or a token",
        )
    return Cluster(
        server=server,
        namespace=settings.namespace or str(context.get("namespace") or "default"),
        origin=origin,
        tls=_tls(cluster, user, base) if server.startswith("https://") else None,
        token=_token(user, base),
    )


def _content(kubeconfig: str | None) -> tuple[Mapping[str, Any], str, Path]:
    if kubeconfig is not None and ("\n" in kubeconfig.strip() or kubeconfig.lstrip().startswith("{")):
        return _parse(kubeconfig, "the kubeconfig"), "the kubeconfig", Path.cwd()
    named = kubeconfig or os.environ.get("KUBECONFIG", "").split(os.pathsep)[0]
    path = Path(named or Path("~", ".kube", "config")).expanduser()
    try:
        text = path.read_text()
    except OSError as error:
        reason = f"{path} cannot be read ({error.strerror}): start the cluster, or set `kubeconfig` to its kubeconfig"
        raise SettingsError("kubeconfig", reason) from None
    return _parse(text, str(path)), str(path), path.parent


def _parse(text: str, origin: str) -> Mapping[str, Any]:
    import yaml  # noqa: PLC0415 - slow to import, and needed only once configured

    try:
        content = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - a safe loader
    except yaml.YAMLError as error:
        # The error's own text quotes the file, which holds credentials.
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise SettingsError("kubeconfig", f"{origin} is not valid YAML{where}") from None
    if not isinstance(content, dict):
        raise SettingsError("kubeconfig", f"{origin} is not a kubeconfig")
    return content


def _named(content: Mapping[str, Any], section: str, key: str, name: str, origin: str) -> Mapping[str, Any]:
    for entry in content.get(section) or []:
        if entry.get("name") == name:
            return entry.get(key) or {}
    raise SettingsError("kubeconfig", f"{origin} has no entry named {name!r} under `{section}`")


def _tls(cluster: Mapping[str, Any], user: Mapping[str, Any], base: Path) -> ssl.SSLContext:
    authority = _data(cluster, "certificate-authority", base)
    try:
        tls = ssl.create_default_context(cadata=authority.decode() if authority else None)
        if cluster.get("insecure-skip-tls-verify"):
            tls.check_hostname = False
            tls.verify_mode = ssl.CERT_NONE
        certificate, key = _data(user, "client-certificate", base), _data(user, "client-key", base)
        if certificate and key:
            _load_client_certificate(tls, certificate, key)
    except (ssl.SSLError, ValueError) as error:
        raise SettingsError("kubeconfig", f"its certificates cannot be used ({type(error).__name__})") from None
    return tls


def _load_client_certificate(tls: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    # OpenSSL reads client certificates from files only.
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        file.write(certificate.rstrip() + b"\n" + key)
        file.flush()
        tls.load_cert_chain(file.name)


def _data(entry: Mapping[str, Any], name: str, base: Path) -> bytes | None:
    encoded = entry.get(f"{name}-data")
    if encoded:
        return base64.b64decode(str(encoded))
    return _file(entry, name, base)


def _file(entry: Mapping[str, Any], name: str, base: Path) -> bytes | None:
    path = entry.get(name)
    if not path:
        return None
    try:
        return (base / str(path)).read_bytes()
    except OSError as error:
        raise SettingsError("kubeconfig", f"`{name}`: {path} cannot be read ({error.strerror})") from None


def _token(user: Mapping[str, Any], base: Path) -> str | None:
    if user.get("token"):
        return str(user["token"])
    content = _file(user, "tokenFile", base)
    return content.decode().strip() if content else None
