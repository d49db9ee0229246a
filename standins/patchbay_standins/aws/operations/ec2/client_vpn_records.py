"""What is remembered of each Client VPN endpoint: its parts as the API describes them."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from moto.ec2.models import EC2Backend, ec2_backends

from patchbay_standins.aws.service import AwsError, Call

Described = dict[str, Any]


@dataclass
class Endpoint:
    """Rules by destination and group ("" for all groups), routes by destination and subnet."""

    described: Described
    networks: dict[str, Described] = field(default_factory=dict)  # by association id
    rules: dict[tuple[str, str], Described] = field(default_factory=dict)
    routes: dict[tuple[str, str], Described] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return str(self.described["ClientVpnEndpointId"])


@dataclass
class Endpoints:
    """The endpoints of an account and region, by id."""

    by_id: dict[str, Endpoint] = field(default_factory=dict)


def endpoints(call: Call) -> dict[str, Endpoint]:
    return call.state(Endpoints).by_id


def endpoint_of(call: Call, name: str | None = None) -> Endpoint:
    """The endpoint that a call names."""
    name = name or call["ClientVpnEndpointId"]
    found = endpoints(call).get(name)
    if found is None:
        raise AwsError("InvalidClientVpnEndpointId.NotFound", f"Endpoint {name} does not exist")
    return found


def ec2_of(call: Call) -> EC2Backend:
    """moto's EC2 of the call's account and region."""
    return ec2_backends[call.account][call.region]


def subnet_of(call: Call, name: str) -> Any:
    """moto's subnet. InvalidSubnetID.NotFound where there is none."""
    return ec2_of(call).get_subnet(name)


def identifier(prefix: str) -> str:
    return f"{prefix}-{secrets.token_hex(17)[:17]}"


def page(call: Call, member: str, items: Sequence[Described], names: Mapping[str, str]) -> Described:
    """The page that a call asks for of what passes its filters; `names` says which member each filter is of."""
    kept = [item for item in items if all(_passes(item, given, names) for given in call.get("Filters", []))]
    first = int(call.get("NextToken") or 0)
    last = first + int(call.get("MaxResults", 1000))
    more = {"NextToken": str(last)} if last < len(kept) else {}
    return {member: kept[first:last], **more}


def _passes(item: Described, given: Described, names: Mapping[str, str]) -> bool:
    name, wanted = given["Name"], given.get("Values", [])
    if name.startswith("tag:"):
        return any(tag["Key"] == name[4:] and tag["Value"] in wanted for tag in item.get("Tags", []))
    if name not in names:
        raise AwsError("InvalidParameterValue", f"The filter '{name}' is invalid")
    return str(item.get(names[name])) in wanted
