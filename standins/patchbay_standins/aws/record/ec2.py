"""EC2's resources, which calls name by ids: their kind is in the id."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from moto.ec2.models import ec2_backends

from patchbay_standins.aws.record import values
from patchbay_standins.aws.service import Call

# The Service Authorization Reference's kinds by the beginning of ids (EC2 user guide, "Resource IDs").
_KINDS: Final[Mapping[str, str]] = {
    "acl": "network-acl",
    "ami": "image",
    "cvpn-endpoint": "client-vpn-endpoint",
    "eipalloc": "elastic-ip",
    "eni": "network-interface",
    "fl": "vpc-flow-log",
    "i": "instance",
    "igw": "internet-gateway",
    "lt": "launch-template",
    "nat": "natgateway",
    "rtb": "route-table",
    "sg": "security-group",
    "sgr": "security-group-rule",
    "subnet": "subnet",
    "vol": "volume",
    "vpc": "vpc",
    "vpce": "vpc-endpoint",
}
_ID: Final = re.compile(r"([a-z]+(?:-[a-z]+)*)-[0-9a-f]{8,17}")


def arns(kind: str, call: Call) -> list[str]:
    """Of one kind, of what the call names."""
    ids = [text for text in values.texts(call.parameters) if _ID.fullmatch(text)]
    named = dict.fromkeys(one for each in ids for one in (each, *(_associated(each, call) if "assoc-" in each else ())))
    return [arn(kind, one, call) for one in named if kind_of(one) == kind]


def kind_of(identifier: str) -> str | None:
    """None for what no policy knows, such as an association."""
    found = _ID.fullmatch(identifier)
    return _KINDS.get(found[1]) if found else None


def arn(kind: str, identifier: str, call: Call) -> str:
    """Images are of no account of ours."""
    account = "" if kind == "image" else call.account
    return f"arn:aws:ec2:{call.region}:{account}:{kind}/{identifier}"


def _associated(identifier: str, call: Call) -> Iterator[str]:
    """What an association's id stands for."""
    backend = ec2_backends[call.account][call.region]
    for table in backend.route_tables.values():
        if identifier in table.all_associations_ids:
            yield table.id
            yield from _text(table._associations.get(identifier))
    for acl in backend.network_acls.values():
        if identifier in acl._associations:
            yield acl.id
            yield from _text(acl._associations[identifier].subnet_id)
    yield from (vpc.id for vpc in backend.vpcs.values() if identifier in vpc._cidr_block_association_set)
    for address in backend.addresses:
        if address.association_id == identifier:
            yield from _text(address.allocation_id)


def _text(value: str | None) -> Iterator[str]:
    if value:
        yield value


def tags(kind: str, call: Call) -> dict[str, str]:
    """What the call gives to what it makes of that kind."""
    found: dict[str, str] = {}
    for name in ("TagSpecifications", "TagSpecification"):
        for entry in call.get(name, []):
            if entry.get("ResourceType") == kind:
                found |= values.pairs(entry.get("Tags"))
    return found


def tagged(call: Call) -> list[str]:
    """The kinds that the call makes and tags."""
    entries = [*call.get("TagSpecifications", []), *call.get("TagSpecification", [])]
    return [str(entry["ResourceType"]) for entry in entries if entry.get("Tags")]
