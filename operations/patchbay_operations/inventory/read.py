"""The whole inventory."""

from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from patchbay_operations.access import Access
from patchbay_operations.inventory.item import Item
from patchbay_operations.inventory.listings import LISTINGS
from patchbay_operations.inventory.nested import NESTED


def inventory(access: Access) -> tuple[Item, ...]:
    """Every item in the account's region, sorted."""
    readers = [*(listing.read for listing in LISTINGS), *NESTED]
    with ThreadPoolExecutor(max_workers=8) as pool:
        found = pool.map(lambda reader: list(reader(access)), readers)
        return tuple(sorted(item for items in found for item in items))


def counts(items: Iterable[Item]) -> dict[str, int]:
    """How many there are of each kind."""
    return dict(sorted(Counter(item.kind for item in items).items()))


def by_zone(items: Iterable[Item]) -> dict[str, dict[str, int]]:
    """Of each kind that has zones, how many are in which."""
    result: dict[str, Counter[str]] = {}
    for item in items:
        if item.zone:
            result.setdefault(item.kind, Counter())[item.zone] += 1
    return {kind: dict(sorted(count.items())) for kind, count in sorted(result.items())}
