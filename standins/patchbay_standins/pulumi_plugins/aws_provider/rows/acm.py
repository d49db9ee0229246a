"""ACM: certificates that are validated by DNS, and the wait for them."""

from typing import Any

from patchbay_standins.pulumi_plugins.aws_provider.fields import unordered
from patchbay_standins.pulumi_plugins.aws_provider.resource import Resource
from patchbay_standins.pulumi_plugins.aws_provider.row import Call, Field, Ready, Row, Tags, Update
from patchbay_standins.pulumi_plugins.plugin.errors import ProviderError

_OPTIONS = (
    "DomainValidationOptions[?ResourceRecord].{domainName: DomainName, resourceRecordName: ResourceRecord.Name, "
    "resourceRecordType: ResourceRecord.Type, resourceRecordValue: ResourceRecord.Value}"
)


def _check_records(resource: Resource) -> dict[str, str]:
    """Refuses to wait for a certificate that the program's records do not validate."""
    arn = resource.inputs["certificateArn"]
    certificate = resource.call("describe_certificate", CertificateArn=arn)["Certificate"]
    given = resource.inputs.get("validationRecordFqdns")
    if given is not None:
        records = [option.get("ResourceRecord") for option in certificate.get("DomainValidationOptions", ())]
        wanted = {record["Name"].rstrip(".") for record in records if record}
        missing = wanted - {name.rstrip(".") for name in given}
        if missing:
            message = (
                f"the certificate waits for records that validationRecordFqdns lacks: {', '.join(sorted(missing))}"
            )
            raise ProviderError(message)
    return {"certificateArn": arn}


def _fqdns(names: Any) -> list[str]:
    return sorted(name.rstrip(".") for name in names or ())


ROWS = (
    Row(
        "aws:acm/certificate:Certificate",
        "acm",
        create=Call("request_certificate", omit=("domainValidationOptions",)),
        id="{CertificateArn}",
        read=Call("describe_certificate", {"CertificateArn": "{id}"}, at="Certificate"),
        updates=(Update(("options",), Call("update_certificate_options", {"CertificateArn": "{id}"})),),
        delete=Call("delete_certificate", {"CertificateArn": "{id}"}),
        fields=(
            Field("domainValidationOptions", read=_OPTIONS),
            Field("validationMethod", read="DomainValidationOptions[0].ValidationMethod"),
            Field("validationOptions", aws="DomainValidationOptions", read=""),
            Field("keyAlgorithm", decode=lambda algorithm: algorithm.replace("RSA-", "RSA_")),
            unordered("subjectAlternativeNames"),
        ),
        outputs={"arn": "{CertificateArn}"},
        tags=Tags(
            tag=Call("add_tags_to_certificate", {"CertificateArn": "{id}"}),
            untag=Call("remove_tags_from_certificate", {"CertificateArn": "{id}"}),
            read=Call("list_tags_for_certificate", {"CertificateArn": "{id}"}),
        ),
        # Without its records, which come a moment later, nobody can validate it.
        ready=Ready(
            at="Status == 'FAILED' && 'FAILED' || length(DomainValidationOptions[?ResourceRecord]) > `0`",
            done=(True,),
            failed=("FAILED",),
            reason="FailureReason",
        ),
        required=("validationMethod",),
    ),
    Row(
        # The real provider's id is the time of issue, which tells nothing; this one can be read.
        "aws:acm/certificateValidation:CertificateValidation",
        "acm",
        create=_check_records,
        id="{certificateArn}",
        read=Call("describe_certificate", {"CertificateArn": "{id}"}, at="Certificate"),
        fields=(Field("certificateArn", read="CertificateArn"), Field("validationRecordFqdns", read="", normal=_fqdns)),
        ready=Ready(
            at="Status",
            done=("ISSUED",),
            failed=("FAILED", "VALIDATION_TIMED_OUT", "REVOKED", "EXPIRED"),
            reason="FailureReason",
        ),
        handles=("certificateArn", "validationRecordFqdns"),
    ),
)
