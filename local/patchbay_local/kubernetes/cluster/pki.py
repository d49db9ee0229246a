"""The cluster's certificates: three authorities (cluster, front proxy, etcd) and what they sign."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from patchbay_local.machine import addresses
from patchbay_local.machine.files import write_if_changed

_VALID = datetime.timedelta(days=365)
_RENEW_BEFORE = datetime.timedelta(days=30)
_CLOCK_SKEW = datetime.timedelta(minutes=5)
API_SERVICE_ADDRESS = addresses.SERVICE_NETWORK[1]


@dataclass(frozen=True)
class Request:
    """A certificate to be signed; `name` is its file below the PKI directory."""

    name: str
    authority: str
    common_name: str
    organization: str | None = None
    hosts: Sequence[str | IPv4Address] = ()
    client: bool = True
    server: bool = False


@dataclass(frozen=True)
class Pair:
    """A certificate and its private key in PEM files."""

    certificate: Path
    key: Path


CLUSTER, FRONT_PROXY, ETCD = "ca", "front-proxy-ca", "etcd-ca"
AUTHORITIES = {CLUSTER: "patchbay-ca", FRONT_PROXY: "patchbay-front-proxy-ca", ETCD: "patchbay-etcd-ca"}

CONTROL_PLANE: tuple[Request, ...] = (
    Request(
        "apiserver",
        CLUSTER,
        "kube-apiserver",
        hosts=(
            "kubernetes",
            "kubernetes.default",
            "kubernetes.default.svc",
            "kubernetes.default.svc.cluster.local",
            "localhost",
            IPv4Address("127.0.0.1"),
            API_SERVICE_ADDRESS,
            addresses.BRIDGE_ADDRESS,
        ),
        client=False,
        server=True,
    ),
    Request("apiserver-kubelet-client", CLUSTER, "kube-apiserver-kubelet-client"),
    Request("apiserver-etcd-client", ETCD, "kube-apiserver-etcd-client"),
    Request("front-proxy-client", FRONT_PROXY, "front-proxy-client"),
    Request("controller-manager", CLUSTER, "system:kube-controller-manager"),
    Request("scheduler", CLUSTER, "system:kube-scheduler"),
    Request("kube-proxy", CLUSTER, "system:kube-proxy"),
    Request("admin", CLUSTER, "patchbay-admin", organization="system:masters"),
    Request("etcd", ETCD, "etcd", hosts=("localhost", IPv4Address("127.0.0.1")), server=True),
)


def node_request(name: str, address: IPv4Address) -> Request:
    """A node's own certificate: the kubelet's as a client and as a server."""
    return Request(
        f"nodes/{name}",
        CLUSTER,
        f"system:node:{name}",
        organization="system:nodes",
        hosts=(name, address),
        server=True,
    )


class Pki:
    """Certificates in a directory; those that are missing or end soon are made, the others kept."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def ensure_control_plane(self) -> None:
        """The authorities, every certificate of the control plane and the service account key."""
        self._directory.mkdir(parents=True, exist_ok=True)
        self._directory.chmod(0o700)
        for name, common_name in AUTHORITIES.items():
            if not _is_current(self.pair(name)):
                self._make_authority(name, common_name)
        for request in CONTROL_PLANE:
            self.ensure(request)
        self._ensure_service_account_key()

    def ensure(self, request: Request) -> Pair:
        """Makes the certificate unless a current one of the same authority exists."""
        pair = self.pair(request.name)
        authority = x509.load_pem_x509_certificate(self.pair(request.authority).certificate.read_bytes())
        if not _is_current(pair, authority):
            self._sign(request, authority, pair)
        return pair

    def pair(self, name: str) -> Pair:
        return Pair(self._directory / f"{name}.crt", self._directory / f"{name}.key")

    def remove(self, name: str) -> None:
        pair = self.pair(name)
        pair.certificate.unlink(missing_ok=True)
        pair.key.unlink(missing_ok=True)

    @property
    def service_account(self) -> Pair:
        """The key pair that signs service account tokens; its `certificate` is the public key."""
        return Pair(self._directory / "service-account.pub", self._directory / "service-account.key")

    def _make_authority(self, name: str, common_name: str) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        certificate = (
            _builder(subject, subject, key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(signs_certificates=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        _write(self.pair(name), key, certificate)

    def _sign(self, request: Request, authority: x509.Certificate, pair: Pair) -> None:
        signer = serialization.load_pem_private_key(self.pair(request.authority).key.read_bytes(), password=None)
        if not isinstance(signer, ec.EllipticCurvePrivateKey):
            raise TypeError(f"{self.pair(request.authority).key}: not an elliptic curve key")
        key = ec.generate_private_key(ec.SECP256R1())
        names = [x509.NameAttribute(NameOID.COMMON_NAME, request.common_name)]
        if request.organization:
            names.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, request.organization))
        usages = [ExtendedKeyUsageOID.CLIENT_AUTH] if request.client else []
        usages += [ExtendedKeyUsageOID.SERVER_AUTH] if request.server else []
        builder = (
            _builder(x509.Name(names), authority.subject, key.public_key())
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        )
        if request.hosts:
            alternatives = [
                x509.DNSName(host) if isinstance(host, str) else x509.IPAddress(host) for host in request.hosts
            ]
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        _write(pair, key, builder.sign(signer, hashes.SHA256()))

    def _ensure_service_account_key(self) -> None:
        pair = self.service_account
        if pair.key.exists() and pair.certificate.exists():
            return
        # The API server signs tokens as RS256.
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        _write_private(pair.key, key)
        write_if_changed(
            pair.certificate,
            key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
        )


def _is_current(pair: Pair, authority: x509.Certificate | None = None) -> bool:
    if not (pair.key.exists() and pair.certificate.exists()):
        return False
    certificate = x509.load_pem_x509_certificate(pair.certificate.read_bytes())
    if certificate.not_valid_after_utc - _RENEW_BEFORE < datetime.datetime.now(datetime.UTC):
        return False
    if authority is None:
        return True
    try:
        certificate.verify_directly_issued_by(authority)
    except Exception:
        return False
    return True


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now + _VALID)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _write(pair: Pair, key: CertificateIssuerPrivateKeyTypes, certificate: x509.Certificate) -> None:
    _write_private(pair.key, key)
    write_if_changed(pair.certificate, certificate.public_bytes(serialization.Encoding.PEM))


def _write_private(path: Path, key: CertificateIssuerPrivateKeyTypes) -> None:
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    write_if_changed(path, pem, mode=0o600)
