"""Route 53: public zones, and simple records."""

import re
import uuid
from typing import Any, Final

from patchbay_standins.pulumi_plugins.aws_provider.fields import unordered
from patchbay_standins.pulumi_plugins.aws_provider.resource import Resource
from patchbay_standins.pulumi_plugins.aws_provider.row import Call, Field, Row, Tags, Update

_TYPES: Final = "A|AAAA|CAA|CNAME|DS|HTTPS|MX|NAPTR|NS|PTR|SOA|SPF|SRV|SSHFP|SVCB|TLSA|TXT"
# A name may begin with `_`; no type is a part of one that does.
_RECORD_ID: Final = re.compile(rf"(?P<zoneId>[^_]+)_(?P<name>.+?)_(?P<type>{_TYPES})")
_TAGGED: Final = {"ResourceType": "hostedzone", "ResourceId": "{id}"}


def _plain(name: Any) -> Any:
    """A name as AWS compares it: any case, with or without the root's dot, `*` written out."""
    return name.lower().rstrip(".").replace("\\052", "*")


def _bare_id(identifier: str) -> str:
    return identifier.removeprefix("/hostedzone/")


def _create_zone(resource: Resource) -> dict[str, str]:
    inputs = resource.inputs
    parameters: dict[str, Any] = {"HostedZoneConfig": {"Comment": inputs["comment"]}}
    if inputs.get("delegationSetId"):
        parameters["DelegationSetId"] = inputs["delegationSetId"]
    answer = resource.call("create_hosted_zone", Name=inputs["name"], CallerReference=str(uuid.uuid4()), **parameters)
    return {"zoneId": _bare_id(answer["HostedZone"]["Id"])}


def _read_zone(resource: Resource) -> dict[str, Any]:
    found = resource.call("get_hosted_zone", Id=resource.id)
    zone = found["HostedZone"]
    servers = sorted(found.get("DelegationSet", {}).get("NameServers", ()))
    return {
        "zoneId": _bare_id(zone["Id"]),
        "name": zone["Name"].rstrip("."),
        "comment": zone.get("Config", {}).get("Comment", ""),
        "nameServers": servers,
        "primaryNameServer": servers[0] if servers else None,
    }


def _delete_zone(resource: Resource) -> None:
    if resource.inputs.get("forceDestroy"):
        for record in _records(resource, resource.id):
            if record["Type"] not in ("NS", "SOA"):
                _change(resource, resource.id, ("DELETE", record))
    resource.call("delete_hosted_zone", Id=resource.id)


def _records(resource: Resource, zone: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    start: dict[str, str] = {}
    while True:
        answer = resource.call("list_resource_record_sets", HostedZoneId=zone, **start)
        found += answer["ResourceRecordSets"]
        if not answer["IsTruncated"]:
            return found
        start = {"StartRecordName": answer["NextRecordName"], "StartRecordType": answer["NextRecordType"]}


def _change(resource: Resource, zone: str, *changes: tuple[str, dict[str, Any]]) -> None:
    """Makes changes, each an action and a record, in one request: all of them or none."""
    batch = [{"Action": action, "ResourceRecordSet": record} for action, record in changes]
    resource.call("change_resource_record_sets", HostedZoneId=zone, ChangeBatch={"Changes": batch})


def _full_name(resource: Resource) -> str:
    """The record's name below its zone's, whether or not the program wrote that out."""
    zone = _plain(resource.call("get_hosted_zone", Id=resource.value("zoneId"))["HostedZone"]["Name"])
    name = _plain(resource.value("name"))
    return str(name if name == zone or name.endswith(f".{zone}") else f"{name}.{zone}" if name else zone)


def _put_record(resource: Resource, action: str) -> dict[str, str]:
    _change(resource, resource.inputs["zoneId"], (action, _record(resource)))
    return {"plainName": _plain(resource.inputs["name"])}


def _record(resource: Resource) -> dict[str, Any]:
    inputs = resource.inputs
    record: dict[str, Any] = {"Name": _full_name(resource), "Type": inputs["type"]}
    if inputs.get("aliases"):
        alias = inputs["aliases"][0]
        record["AliasTarget"] = {
            "DNSName": alias["name"],
            "HostedZoneId": alias["zoneId"],
            "EvaluateTargetHealth": alias["evaluateTargetHealth"],
        }
    else:
        record["TTL"] = int(inputs["ttl"])
        record["ResourceRecords"] = [{"Value": value} for value in inputs.get("records") or ()]
    return record


def _create_record(resource: Resource) -> dict[str, str]:
    return _put_record(resource, "UPSERT" if resource.inputs.get("allowOverwrite") else "CREATE")


def _update_record(resource: Resource) -> None:
    # One that was just made, or left half made, has no type before this one.
    if resource.before.get("type") in (None, resource.inputs["type"]):
        _put_record(resource, "UPSERT")
        return
    found, name = _find_record(resource.of(inputs=resource.before))
    gone = [] if found is None else [("DELETE", {**found, "Name": name})]
    _change(resource, resource.inputs["zoneId"], *gone, ("CREATE", _record(resource)))


def _read_record(resource: Resource) -> dict[str, Any] | None:
    found, name = _find_record(resource)
    if found is None:
        return None
    alias = found.get("AliasTarget")
    values = {
        "plainName": _plain(resource.value("name")),
        "zoneId": resource.value("zoneId"),
        "name": _plain(resource.value("name")),
        "type": found["Type"],
        "fqdn": name,
        "ttl": found.get("TTL"),
        "records": [record["Value"] for record in found.get("ResourceRecords", ())] or None,
    }
    if alias:
        target = {"name": alias["DNSName"], "zoneId": alias["HostedZoneId"]}
        values["aliases"] = [{**target, "evaluateTargetHealth": alias["EvaluateTargetHealth"]}]
    return values


def _find_record(resource: Resource) -> tuple[dict[str, Any] | None, str]:
    name, kind = _full_name(resource), resource.value("type")
    answer = resource.call(
        "list_resource_record_sets",
        HostedZoneId=resource.value("zoneId"),
        StartRecordName=name,
        StartRecordType=kind,
        MaxItems="1",
    )
    for record in answer["ResourceRecordSets"]:
        if _plain(record["Name"]) == name and record["Type"] == kind:
            return record, name
    return None, name


def _delete_record(resource: Resource) -> None:
    """Route 53 deletes what is told in full."""
    found, name = _find_record(resource)
    if found is not None:
        _change(resource, str(resource.value("zoneId")), ("DELETE", {**found, "Name": name}))


def _parse_record(identifier: str) -> dict[str, str]:
    found = _RECORD_ID.fullmatch(identifier)
    return found.groupdict() if found else {}


def _alias(aliases: Any) -> list[tuple[str, str, bool]]:
    return [(_plain(item["name"]), item["zoneId"], item["evaluateTargetHealth"]) for item in aliases or ()]


ROWS = (
    Row(
        "aws:route53/zone:Zone",
        "route53",
        create=_create_zone,
        id="{zoneId}",
        read=_read_zone,
        updates=(Update(("comment",), Call("update_hosted_zone_comment", {"Id": "{id}"})),),
        delete=_delete_zone,
        fields=(
            Field("name", normal=_plain),
            Field("comment", default="Managed by Pulumi"),
            Field("forceDestroy", aws="", default=False),
        ),
        outputs={"arn": "arn:aws:route53:::hostedzone/{zoneId}"},
        tags=Tags(
            tag=Call("change_tags_for_resource", _TAGGED),
            untag=Call("change_tags_for_resource", _TAGGED),
            read=Call("list_tags_for_resource", _TAGGED, at="ResourceTagSet.Tags"),
        ),
        handles=("name", "delegationSetId"),
        options=("forceDestroy",),
        required=("name",),
        defaults={"comment": "Managed by Pulumi"},
    ),
    Row(
        "aws:route53/record:Record",
        "route53",
        create=_create_record,
        id="{zoneId}_{plainName}_{type}",
        parse=_parse_record,
        read=_read_record,
        updates=(Update(("aliases", "records", "ttl", "type"), _update_record),),
        delete=_delete_record,
        fields=(
            Field("name", normal=_plain),
            unordered("records"),
            Field("aliases", normal=_alias),
            Field("allowOverwrite", aws="", default=False),
        ),
        handles=("zoneId", "name", "type"),
        options=("allowOverwrite",),
    ),
)
