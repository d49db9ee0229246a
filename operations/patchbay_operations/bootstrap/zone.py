"""The hosted zone of the environment's domain, before anything waits for it."""

import uuid
from typing import Any, Final

from botocore.exceptions import ClientError

from patchbay_operations.bootstrap.findings import RefusedError, Work, tag_list
from patchbay_operations.refusal import code

STEP: Final = "hosted zone"
_FIELD: Final = "patchbay:infra.edge"


def ensure(work: Work) -> None:
    """By its id if the config names one, else by the domain's name, else made; then whether its parent knows it.

    A zone that the program made belongs to the stack: with `zoneId` in the file the next update would delete it.
    """
    client, edge = work.access.client("route53"), work.stack.infra.edge
    zone_id = _named(client, edge.zone_id, edge.domain) if edge.zone_id else _by_name(client, edge.domain)
    if zone_id is None:
        zone_id = _made(work, client)
        if zone_id is None:
            return
        work.line("edge", "zoneId", zone_id)
    else:
        work.found(STEP, f"{zone_id} of {edge.domain}")
        tags = _tags(client, zone_id)
        owned = tags.get("patchbay:managed-by") == "pulumi"
        if owned and edge.zone_id is None:
            work.found(STEP, "it is the stack's own: leave edge.zoneId out")
        elif owned:
            work.look(
                STEP, f"{_FIELD}.zoneId: the zone is tagged as a stack's own, which would then delete it; remove it"
            )
        elif edge.zone_id is None:
            work.line("edge", "zoneId", zone_id)
    _delegation(work, client, zone_id)


def _named(client: Any, zone_id: str, domain: str) -> str:
    try:
        zone = client.get_hosted_zone(Id=zone_id)["HostedZone"]
    except ClientError as error:
        if code(error) == "NoSuchHostedZone":
            raise RefusedError(
                f"{_FIELD}.zoneId: there is no {zone_id} in this account; name one that is there, or remove the line "
                "to have a zone found by its name or made"
            ) from error
        raise
    name = str(zone["Name"]).rstrip(".")
    if zone["Config"]["PrivateZone"]:
        raise RefusedError(
            f"{_FIELD}.zoneId: {zone_id} is private, and a certificate is proven in public; name another"
        )
    if domain != name and not domain.endswith(f".{name}"):
        raise RefusedError(f"{_FIELD}.zoneId: {zone_id} is of {name} and not of edge.domain, {domain}; correct one")
    return zone_id


def _by_name(client: Any, domain: str) -> str | None:
    zones = _public_zones(client, domain)
    if len(zones) > 1:
        raise RefusedError(
            f"{_FIELD}.zoneId: there are several zones of {domain}: {', '.join(zones)}; name the one that its parent "
            "delegates to"
        )
    return zones[0] if zones else None


def _public_zones(client: Any, domain: str) -> list[str]:
    # Route 53 lists from the name on, and names of one spelling stand together.
    listed = client.list_hosted_zones_by_name(DNSName=domain, MaxItems="100")["HostedZones"]
    return [
        str(zone["Id"]).rpartition("/")[2]
        for zone in listed
        if zone["Name"].rstrip(".") == domain and not zone["Config"]["PrivateZone"]
    ]


def _made(work: Work, client: Any) -> str | None:
    stack, domain = work.stack, work.stack.infra.edge.domain
    answer = work.make(
        STEP,
        f"a public zone of {domain}",
        lambda: client.create_hosted_zone(
            Name=domain,
            CallerReference=str(uuid.uuid4()),
            HostedZoneConfig={"Comment": f"Tenants of patchbay-{stack.infra.environment.name}"},
        ),
    )
    if answer is None:
        return None
    zone_id = str(answer["HostedZone"]["Id"]).rpartition("/")[2]
    tags = tag_list({"Name": stack.resource_name("edge"), **stack.tags})
    work.make(
        STEP,
        f"tags of {zone_id}",
        lambda: client.change_tags_for_resource(ResourceType="hostedzone", ResourceId=zone_id, AddTags=tags),
    )
    return zone_id


def _tags(client: Any, zone_id: str) -> dict[str, str]:
    answer = client.list_tags_for_resource(ResourceType="hostedzone", ResourceId=zone_id)
    return {tag["Key"]: tag["Value"] for tag in answer["ResourceTagSet"]["Tags"]}


def _delegation(work: Work, client: Any, zone_id: str) -> None:
    """By the parent's zone where it is in this account; elsewhere only DNS itself can tell."""
    answer = client.get_hosted_zone(Id=zone_id)
    domain = str(answer["HostedZone"]["Name"]).rstrip(".")
    servers = sorted(str(server).rstrip(".") for server in answer["DelegationSet"]["NameServers"])
    work.found(STEP, f"name servers of {domain}: {', '.join(servers)}")
    for parent in _parents(domain):
        for parent_id in _public_zones(client, parent):
            if _told(client, parent_id, domain) == servers:
                work.found(STEP, f"{parent} ({parent_id}) delegates to them")
            else:
                work.look(STEP, f"{parent} ({parent_id}) does not delegate to them; add an NS record of {domain} there")
            return
    work.look(
        STEP,
        f"`dig +short NS {domain}` has to name these servers; until it does, have whoever holds the parent domain add "
        "them. Without it `pulumi up` waits for the certificate, and fails",
    )


def _parents(domain: str) -> list[str]:
    """The nearest first, without the last label, which nobody has a zone of."""
    labels = domain.split(".")
    return [".".join(labels[start:]) for start in range(1, len(labels) - 1)]


def _told(client: Any, zone_id: str, domain: str) -> list[str]:
    answer = client.list_resource_record_sets(
        HostedZoneId=zone_id, StartRecordName=domain, StartRecordType="NS", MaxItems="1"
    )
    return sorted(
        str(record["Value"]).rstrip(".")
        for entry in answer["ResourceRecordSets"]
        if entry["Type"] == "NS" and entry["Name"].rstrip(".") == domain
        for record in entry.get("ResourceRecords", [])
    )
