"""Route 53: a zone with records is kept, and an alias is alone under its name."""

from collections.abc import Mapping
from typing import Any, Final

from moto.route53.models import Route53Backend, route53_backends

from patchbay_standins.aws.service import BY_MOTO, AwsError, Call, Served, Service

SERVICE: Final = Service("route53")

# What every zone has.
_REQUIRED: Final = frozenset({"NS", "SOA"})


def _backend(call: Call) -> Route53Backend:
    found: Route53Backend = route53_backends[call.account]["aws"]
    return found


@SERVICE.operation("DeleteHostedZone")
def delete_hosted_zone(call: Call) -> Served:
    zone = _backend(call).zones.get(call["Id"].rpartition("/")[2])
    # gruntwork-io/cloud-nuke 704
    if zone is not None and any(record.type not in _REQUIRED for record in zone.rrsets):
        raise AwsError(
            "HostedZoneNotEmpty",
            "The specified hosted zone contains non-required resource record sets and so cannot be deleted.",
        )
    return BY_MOTO


@SERVICE.operation("ChangeResourceRecordSets")
def change_resource_record_sets(call: Call) -> Served:
    zone = _backend(call).zones.get(call["HostedZoneId"].rpartition("/")[2])
    if zone is None:
        return BY_MOTO
    # A batch may take an alias away and put an address in its place.
    present = {(_name(record.name), str(record.type)) for record in zone.rrsets}
    for change in call["ChangeBatch"]["Changes"]:
        record = change["ResourceRecordSet"]
        if change["Action"] == "DELETE":
            present.discard((_name(record["Name"]), record["Type"]))
        else:
            _require_alone(record, present, str(zone.name))
            present.add((_name(record["Name"]), record["Type"]))
    return BY_MOTO


def _require_alone(record: Mapping[str, Any], present: set[tuple[str, str]], zone: str) -> None:
    """Raises AWS' words (RJPearson94/terraform-aws-open-next 24, ansible-collections/amazon.aws 2694)."""
    name, kind = _name(record["Name"]), record["Type"]
    others = {other for found, other in present if found == name and other != kind}
    if kind == "CNAME" and others:
        raise AwsError(
            "InvalidChangeBatch",
            f"[RRSet of type CNAME with DNS name {name} is not permitted as it conflicts with other records with the "
            f"same DNS name in zone {_name(zone)}]",
        )
    if "CNAME" in others:
        raise AwsError(
            "InvalidChangeBatch",
            f"[RRSet of type {kind} with DNS name {name} is not permitted because a conflicting RRSet of type CNAME "
            f"with the same DNS name already exists in zone {_name(zone)}]",
        )


def _name(given: str) -> str:
    return f"{given.rstrip('.')}.".lower().replace("\\052", "*")
