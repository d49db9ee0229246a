"""The most that a run may cost is the stack at its largest, line by line, and never less for a larger stack."""

from pathlib import Path
from typing import Any

import pytest
from patchbay_operations.capacity.machines import load_machines
from patchbay_operations.inputs import InputError
from patchbay_operations.smoke.cost import Ceiling, ceiling, load_prices
from patchbay_operations.smoke.stack_file import load

from tests.operations.smoke.prepared import REPOSITORY, dev


def bill(file: Path, *, hours: float = 4) -> Ceiling:
    return ceiling(load(file).infra, load_machines(None), load_prices(None), hours=hours)


def lines(found: Ceiling) -> dict[str, float]:
    return {line.what: line.usd_per_hour for line in found.lines}


def test_dev_is_counted_at_its_largest(tmp_path: Path) -> None:
    found = bill(dev(tmp_path))
    told = lines(found)
    # Pulumi.dev.yaml: 3 and 4 nodes of at most 0.1208 USD, one NAT gateway, 7 endpoints in 3 zones.
    assert told["nodes of shared.system"] + told["nodes of shared.flows.onDemand"] == pytest.approx(7 * 0.1208)
    assert told["NAT gateways"] == pytest.approx(0.055)
    assert told["interface endpoints, by zone"] == pytest.approx(7 * 3 * 0.012)
    assert told["read copy, GiB"] == pytest.approx(100 * 0.15 / 730)
    assert found.usd == pytest.approx(4 * sum(told.values()))


@pytest.mark.parametrize(
    ("section", "changes"),
    [
        ("databases", {"write": {"instanceClass": "db.t4g.medium", "multiAz": True}}),
        ("databases", {"storageLimitGib": 1000}),
        ("network", {"natPerZone": True}),
        ("cache", {"nodes": 2}),
        ("search", {"instanceCount": 2}),
        ("search", {"dedicatedMasters": {"instanceType": "m7g.large.search"}}),
        ("vpn", {}),
    ],
)
def test_what_is_more_costs_more(tmp_path: Path, section: str, changes: dict[str, Any]) -> None:
    file = dev(tmp_path)
    before = bill(file).usd
    if section == "vpn":
        file.write_text(file.read_text().replace("    watching:", "    vpn: {}\n    watching:"))
        assert bill(file).usd > before
    else:
        assert bill(dev(tmp_path, changes={section: changes})).usd > before


def test_a_longer_deadline_costs_more(tmp_path: Path) -> None:
    file = dev(tmp_path)
    assert bill(file, hours=6).usd == pytest.approx(1.5 * bill(file, hours=4).usd)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"cache": {"nodeType": "cache.r7g.16xlarge"}}, "cache.r7g.16xlarge"),
        ({"aws": {"region": "ap-south-1"}}, "ap-south-1"),
    ],
)
def test_what_has_no_price_is_named_with_the_remedy(tmp_path: Path, changes: dict[str, Any], named: str) -> None:
    with pytest.raises(InputError, match=rf"{named}.*--prices"):
        bill(dev(tmp_path, changes=changes))


def test_everything_of_the_repositorys_dev_has_its_price() -> None:
    assert bill(REPOSITORY / "Pulumi.dev.yaml").usd > 0
