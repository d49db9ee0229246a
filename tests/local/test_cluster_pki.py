"""The certificates say who may be whom, and only the right authority vouches for each."""

import stat
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from patchbay_local.kubernetes.cluster.pki import CONTROL_PLANE, Pair, Pki, node_request


@pytest.fixture
def pki(tmp_path: Path) -> Pki:
    pki = Pki(tmp_path / "pki")
    pki.ensure_control_plane()
    return pki


def load(pair: Pair) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pair.certificate.read_bytes())


def names(certificate: x509.Certificate) -> set[str]:
    extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return set(extension.get_values_for_type(x509.DNSName)) | {
        str(address) for address in extension.get_values_for_type(x509.IPAddress)
    }


def subject(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> list[str | bytes]:
    return [attribute.value for attribute in certificate.subject.get_attributes_for_oid(oid)]


def test_clients_find_the_api_server_under_all_its_names(pki: Pki) -> None:
    assert names(load(pki.pair("apiserver"))) == {
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local",
        "localhost",
        "127.0.0.1",
        "10.91.0.1",
        "10.89.0.1",
    }


def test_a_node_is_known_by_its_name_and_group_as_client_and_server(pki: Pki) -> None:
    certificate = load(pki.ensure(node_request("node-1", IPv4Address("10.89.0.20"))))
    assert subject(certificate, NameOID.COMMON_NAME) == ["system:node:node-1"]
    assert subject(certificate, NameOID.ORGANIZATION_NAME) == ["system:nodes"]
    assert names(certificate) == {"node-1", "10.89.0.20"}
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert set(usage) == {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH}


def test_only_the_administrator_is_a_master(pki: Pki) -> None:
    masters = [
        request.name
        for request in CONTROL_PLANE
        if subject(load(pki.pair(request.name)), NameOID.ORGANIZATION_NAME) == ["system:masters"]
    ]
    assert masters == ["admin"]


def test_every_certificate_is_signed_by_its_own_authority_alone(pki: Pki) -> None:
    for request in CONTROL_PLANE:
        certificate = load(pki.pair(request.name))
        certificate.verify_directly_issued_by(load(pki.pair(request.authority)))
        for other in {"ca", "front-proxy-ca", "etcd-ca"} - {request.authority}:
            with pytest.raises(ValueError, match="Issuer"):
                certificate.verify_directly_issued_by(load(pki.pair(other)))


@pytest.mark.usefixtures("pki")
def test_private_keys_are_for_root_alone(tmp_path: Path) -> None:
    keys = list((tmp_path / "pki").rglob("*.key"))
    assert len(keys) == len(CONTROL_PLANE) + 4
    assert {stat.S_IMODE(key.stat().st_mode) for key in keys} == {0o600}
    assert stat.S_IMODE((tmp_path / "pki").stat().st_mode) == 0o700


def test_keys_are_of_the_kinds_that_kubernetes_takes(pki: Pki) -> None:
    assert isinstance(load(pki.pair("apiserver")).public_key(), ec.EllipticCurvePublicKey)
    key = load_pem_private_key(pki.service_account.key.read_bytes(), password=None)
    assert isinstance(key, rsa.RSAPrivateKey)


def test_a_second_start_keeps_every_certificate(pki: Pki, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in (tmp_path / "pki").rglob("*.*")}
    pki.ensure_control_plane()
    assert {path: path.read_bytes() for path in (tmp_path / "pki").rglob("*.*")} == before


def test_a_certificate_of_a_lost_authority_is_made_anew(pki: Pki) -> None:
    before = load(pki.pair("admin"))
    pki.pair("ca").key.unlink()
    pki.ensure_control_plane()
    after = load(pki.pair("admin"))
    assert after.serial_number != before.serial_number
    after.verify_directly_issued_by(load(pki.pair("ca")))
