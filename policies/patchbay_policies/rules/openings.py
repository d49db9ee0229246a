"""What security groups let in, however that is written: within the group, or as a rule of its own, old or new."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from patchbay_policies.model import Resource, Stack
from patchbay_policies.ranges import world
from patchbay_policies.reading import at, items
from patchbay_policies.tokens import (
    DEFAULT_SECURITY_GROUP,
    EGRESS_RULE,
    INGRESS_RULE,
    LEGACY_RULE,
    PREFIX_LIST,
    PREFIX_LIST_ENTRY,
    SECURITY_GROUP,
)

GROUPS: Final = (SECURITY_GROUP, DEFAULT_SECURITY_GROUP)
_RANGES: Final = ("cidrIpv4", "cidrIpv6", "cidrBlocks", "ipv6CidrBlocks")
_LISTS: Final = ("prefixListId", "prefixListIds")


@dataclass(frozen=True)
class Opening:
    """One rule, of `resource`. `refers_by`: the property that refers to its prefix lists."""

    resource: Resource
    rule: Any
    refers_by: str

    @property
    def ranges(self) -> list[Any]:
        return [cidr for name in _RANGES for cidr in items(at(self.rule, name))]

    @property
    def list_ids(self) -> list[Any]:
        """Ids of prefix lists, as far as they are known."""
        return [found for name in _LISTS for found in items(at(self.rule, name))]

    def lists(self, stack: Stack) -> list[Resource]:
        """The program's own prefix lists that it names."""
        return stack.referenced(self.resource, self.refers_by, PREFIX_LIST)

    def opened(self, stack: Stack) -> list[Any]:
        """Its ranges, and those of the program's prefix lists."""
        return [*self.ranges, *(cidr for one in self.lists(stack) for cidr in _entries(stack, one))]

    def strange(self, stack: Stack) -> list[str]:
        """Known ids of prefix lists that nothing of this program made; nobody has looked at what is in them."""
        known = [str(one) for one in self.list_ids]
        return known if len(known) > len(self.lists(stack)) else []


def of_resource(resource: Resource, side: str = "ingress") -> Iterator[Opening]:
    """What one resource opens on a side: a group by the rules within it, a rule by itself."""
    if resource.type in GROUPS:
        rules = [rule for rule in items(at(resource.props, side)) if isinstance(rule, Mapping)]
        yield from (Opening(resource, rule, side) for rule in rules)
    elif resource.type == LEGACY_RULE:
        if at(resource.props, "type") == side:
            yield Opening(resource, resource.props, "prefixListIds")
    elif resource.type == (INGRESS_RULE if side == "ingress" else EGRESS_RULE):
        yield Opening(resource, resource.props, "prefixListId")


def of_group(stack: Stack, group: Resource) -> list[Opening]:
    """Everything that a group lets in."""
    rules = [rule for rule in stack.of(INGRESS_RULE, LEGACY_RULE) if stack.refers(rule, "securityGroupId", group)]
    return [opening for resource in (group, *rules) for opening in of_resource(resource)]


def open_to_the_world(stack: Stack, openings: list[Opening]) -> list[Opening]:
    """Those of a group's openings that let the world in, by themselves or together."""
    alone = [opening for opening in openings if world(opening.opened(stack))]
    together = world(cidr for opening in openings for cidr in opening.opened(stack))
    return alone or ([opening for opening in openings if opening.opened(stack)] if together else [])


def _entries(stack: Stack, prefix_list: Resource) -> list[Any]:
    separate = [one.props for one in stack.of(PREFIX_LIST_ENTRY) if stack.refers(one, "prefixListId", prefix_list)]
    return [at(entry, "cidr") for entry in (*items(at(prefix_list.props, "entries")), *separate)]
