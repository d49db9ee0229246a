"""Which groups get how many more nodes. What is decided here is carried out elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

from patchbay_standins.cluster_autoscaler.aws.groups import NodeGroup
from patchbay_standins.cluster_autoscaler.estimate import Loads, estimate
from patchbay_standins.cluster_autoscaler.expander import Expander, Option
from patchbay_standins.cluster_autoscaler.fit.snapshot import Place, Snapshot
from patchbay_standins.cluster_autoscaler.flags import Options
from patchbay_standins.cluster_autoscaler.objects import Pod
from patchbay_standins.cluster_autoscaler.sample_nodes import renamed
from patchbay_standins.cluster_autoscaler.similar import are_similar, balance


@dataclass(frozen=True)
class Offer:
    """A group that may grow: what its new nodes are, and `refusal` where it may not at the moment."""

    group: NodeGroup
    sample: Place | None
    refusal: str | None = None

    @property
    def room(self) -> int:
        return max(0, self.group.max_size - self.group.desired)


@dataclass(frozen=True)
class Plan:
    """Desired capacities to set, the pods that are helped by them, and why the others are not."""

    sizes: Mapping[str, int]
    helped: Mapping[str, tuple[Pod, ...]]  # by group
    refused: Sequence[tuple[Pod, str]]


def plan(
    pods: Sequence[Pod], offers: Sequence[Offer], snapshot: Snapshot, expander: Expander, *, options: Options, room: int
) -> Plan:
    """For pods that fit on no node, `room` being how many nodes all groups may still get together.

    Changes the snapshot: the new nodes are in it, with the pods on them.
    """
    left = list(pods)
    open_offers = {offer.group.name: offer for offer in offers}
    sizes: dict[str, int] = {}
    helped: dict[str, tuple[Pod, ...]] = {}
    numbers = count(1)
    while True:
        found, reasons = _options(left, open_offers, snapshot, min(room, options.max_nodes_per_scaleup))
        if not found:
            return Plan(sizes, helped, [(pod, _summary(reasons.get(pod.key, []))) for pod in left])
        best = expander.choose([option for option, _ in found])
        if best is None:
            return Plan(sizes, helped, [(pod, "the expander chose no group") for pod in left])
        loads = next(loads for option, loads in found if option is best)
        shares = _shares(best, open_offers, options, min(room, options.max_nodes_per_scaleup))
        taken: list[Pod] = []
        loaded = iter(loads)
        for name, share in shares.items():
            offer = open_offers[name]
            desired = offer.group.desired + share
            sizes[name] = desired
            open_offers[name] = replace(offer, group=replace(offer.group, desired=desired))
            for load in (next(loaded) for _ in range(share)):
                _add(snapshot, offer, f"planned-{name}-{next(numbers)}", load)
                helped[name] = (*helped.get(name, ()), *load)
                taken += load
        room -= sum(shares.values())
        gone = {pod.key for pod in taken}
        left = [pod for pod in left if pod.key not in gone]


def _options(
    pods: Sequence[Pod], offers: Mapping[str, Offer], snapshot: Snapshot, limit: int
) -> tuple[list[tuple[Option, Loads]], dict[str, list[str]]]:
    """What each group could do, and by pod why groups could not."""
    found: list[tuple[Option, Loads]] = []
    reasons: dict[str, list[str]] = {}
    for offer in offers.values():
        refusal = _closed(offer, limit)
        if refusal is not None or offer.sample is None:
            refused = {pod.key: refusal or "node template unknown" for pod in pods}
        else:
            loads, refused = estimate(pods, offer.sample, snapshot, limit)
            if loads:
                everyone = tuple(pod for load in loads for pod in load)
                found.append((Option(offer.group, offer.sample.node, len(loads), everyone), loads))
        for key, reason in refused.items():
            reasons.setdefault(key, []).append(reason)
    return found, reasons


def _closed(offer: Offer, limit: int) -> str | None:
    if offer.refusal is not None:
        return offer.refusal
    if offer.room == 0:
        return "max node group size reached"
    return "max total nodes in cluster reached" if limit <= 0 else None


def _shares(best: Option, offers: Mapping[str, Offer], options: Options, limit: int) -> dict[str, int]:
    """How many nodes each group gets: the best one alone, or evenly those like it where that is wanted."""
    chosen = [offers[best.group.name]]
    if options.balance_similar_node_groups:
        chosen += [
            offer
            for offer in offers.values()
            if offer.group.name != best.group.name
            and _closed(offer, limit) is None
            and offer.sample is not None
            and are_similar(best.template, offer.sample.node, options)
        ]
    return balance(
        min(best.count, limit),
        {offer.group.name: offer.group.desired for offer in chosen},
        {offer.group.name: offer.room for offer in chosen},
    )


def _add(snapshot: Snapshot, offer: Offer, name: str, load: Sequence[Pod]) -> None:
    assert offer.sample is not None  # noqa: S101 - no option comes of a group without one
    snapshot.add(renamed(offer.sample, name))
    for pod in load:
        snapshot.put(pod.on(name), name)


def _summary(reasons: Sequence[str]) -> str:
    """`2 Insufficient cpu, 1 max node group size reached`, as upstream's events tell it."""
    counted = {reason: reasons.count(reason) for reason in sorted(set(reasons))}
    return ", ".join(f"{number} {reason}" for reason, number in counted.items())
