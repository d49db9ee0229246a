"""ACM: a certificate is issued once its validation records are in a zone of the account; one in use is kept."""

import sys
from typing import Any, Final

from moto import settings
from moto.acm.models import AWSCertificateManagerBackend, CertBundle, acm_backends
from moto.elbv2.models import elbv2_backends
from moto.route53.models import route53_backends

from patchbay_standins.aws.moto_objects import shown
from patchbay_standins.aws.service import AwsError, Call, Result, Service

SERVICE: Final = Service("acm")

# moto issues a certificate after a minute, whether it is validated or not.
settings.ACM_VALIDATION_WAIT = sys.maxsize


class KeyAlgorithms:
    """What was asked for, by certificate: moto's keys are all RSA."""

    def __init__(self) -> None:
        self.by_arn: dict[str, str] = {}


def _backend(call: Call) -> AWSCertificateManagerBackend:
    found: AWSCertificateManagerBackend = acm_backends[call.account][call.region]
    return found


def _has_record(call: Call, name: str, value: str) -> bool:
    for zone in route53_backends[call.account]["aws"].zones.values():
        for record in zone.rrsets:
            if record.type == "CNAME" and record.name.rstrip(".") == name.rstrip("."):
                return any(_text(held).rstrip(".") == value.rstrip(".") for held in record.records)
    return False


def _text(record: Any) -> str:
    return str(record["Value"] if isinstance(record, dict) else record)


def _users(call: Call, arn: str) -> list[str]:
    """The load balancers whose listeners show the certificate."""
    return [
        balancer.arn
        for balancer in elbv2_backends[call.account][call.region].load_balancers.values()
        if any(arn in listener.certificates for listener in balancer.listeners.values())
    ]


def _described(call: Call, certificate: CertBundle) -> dict[str, Any]:
    described: dict[str, Any] = certificate.describe()["Certificate"]
    # The certificate's own name first: moto lists the names in a set's order, which differs from process to process.
    names = [described["DomainName"], *sorted(set(described["SubjectAlternativeNames"]) - {described["DomainName"]})]
    described["SubjectAlternativeNames"] = names
    options = {option["DomainName"]: option for option in described.get("DomainValidationOptions", ())}
    if options:
        described["DomainValidationOptions"] = [options[name] for name in names]
    if certificate.status != "ISSUED":
        for absent in ("IssuedAt", "NotBefore", "NotAfter", "Serial", "Issuer"):
            described.pop(absent, None)
    algorithm = call.state(KeyAlgorithms).by_arn.get(certificate.arn)
    if algorithm:
        described["KeyAlgorithm"] = algorithm
    described["InUseBy"] = _users(call, certificate.arn)
    return described


def validate(call: Call, certificate: CertBundle) -> None:
    """Issues the certificate if its records are there."""
    if certificate.status != "PENDING_VALIDATION":
        return
    options = certificate.describe()["Certificate"].get("DomainValidationOptions", [])
    records = [option["ResourceRecord"] for option in options]
    if records and all(_has_record(call, record["Name"], record["Value"]) for record in records):
        certificate.status = "ISSUED"


@SERVICE.operation("RequestCertificate")
def request_certificate(call: Call) -> Result:
    arn = _backend(call).request_certificate(
        call["DomainName"],
        call.get("IdempotencyToken"),
        call.get("SubjectAlternativeNames"),
        call.get("Tags", []),
        call.get("CertificateAuthorityArn"),
        call.get("Options"),
    )
    if call.get("KeyAlgorithm"):
        call.state(KeyAlgorithms).by_arn[arn] = call["KeyAlgorithm"]
    return {"CertificateArn": arn}


@SERVICE.operation("DescribeCertificate")
def describe_certificate(call: Call) -> Result:
    certificate = _backend(call).get_certificate(call["CertificateArn"])
    validate(call, certificate)
    return shown(call, {"Certificate": _described(call, certificate)})


@SERVICE.operation("UpdateCertificateOptions")
def update_certificate_options(call: Call) -> None:
    _backend(call).get_certificate(call["CertificateArn"]).cert_options.update(call["Options"])


@SERVICE.operation("DeleteCertificate")
def delete_certificate(call: Call) -> None:
    arn = call["CertificateArn"]
    backend = _backend(call)
    backend.get_certificate(arn)
    users = _users(call, arn)
    if users:
        # dfds/infrastructure-modules 5
        raise AwsError("ResourceInUseException", f"Certificate {arn} in account {call.account} is in use.")
    backend.delete_certificate(arn)
    call.state(KeyAlgorithms).by_arn.pop(arn, None)
