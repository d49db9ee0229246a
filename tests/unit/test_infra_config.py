"""A wrong config of an environment's AWS is refused before anything is created, with the field and the remedy."""

import re
from typing import Any

import pytest
from patchbay_config.errors import ConfigError
from patchbay_config.model import Model
from patchbay_config.stack import load
from patchbay_infra.settings import InfraSettings

from tests.unit.conftest import infra_config
from tests.unit.test_stack_config import with_value

STACKS = ("local", "dev", "staging", "production")
SYSTEM = "patchbay:infra.clusters.shared.system"
DELIVERY_APPLY = "arn:aws:iam::111122223333:role/patchbay-production-delivery-apply"
FLOWS = "patchbay:infra.clusters.shared.flows"


class Settings(Model):
    infra: InfraSettings


@pytest.mark.parametrize("stack", STACKS)
def test_the_config_of_every_stack_is_accepted(stack: str) -> None:
    infra = load(Settings, infra_config(stack)).infra
    assert infra.environment.name == stack
    assert infra.context.production is (stack == "production")


def test_production_is_stricter_than_dev() -> None:
    weak = with_value(infra_config("dev"), "patchbay:infra.environment.production", True)
    with pytest.raises(ConfigError) as refused:
        load(Settings, weak)
    fields = {line.split(": ")[0].removeprefix("patchbay:infra.") for line in str(refused.value).splitlines()[1:]}
    assert {
        "network.natPerZone",
        "databases.write.multiAz",
        "databases.deletionProtection",
        "cache.nodes",
        "search.zoneCount",
        "objects.forceDestroy",
        "edge.keyIngresses",
        "clusters.shared.system.minSize",
        "watching.endpoints",
        "auditing.guardDuty",
        "auditing.securityHub",
        "backups",
    } <= fields


@pytest.mark.parametrize(
    ("field", "value", "remedy"),
    [
        ("patchbay:infra.aws.accountId", "1234", "should match pattern"),
        ("patchbay:infra.aws.region", "Frankfurt", "should match pattern"),
        ("patchbay:infra.aws.endpoint", "http://192.0.2.1:5000", "name a loopback address, or remove it to use AWS"),
        ("patchbay:infra.environment", None, "set it in the stack's config file"),
        ("patchbay:infra.environment.name", "a-very-long-name", "use 12 characters at most"),
        ("patchbay:infra.environment.name", "prod-two", "take a name without a hyphen"),
        ("patchbay:infra.zones", ["eu-central-1a", "eu-central-1b"], "at least 3 items"),
        ("patchbay:infra.zones[2]", "eu-central-1a", "name three different ones"),
        ("patchbay:infra.zones[2]", "eu-west-1a", "name zones of aws.region"),
        ("patchbay:infra.network.cidr", "10.0.0.0/24", "widen or narrow it"),
        ("patchbay:infra.network.cidr", "8.8.0.0/16", "choose a range in one of them"),
        ("patchbay:infra.network.natPerZone", False, "set it to true in production"),
        ("patchbay:infra.network.interfaceEndpoints", ["ecr.api"], "name both or neither"),
        ("patchbay:infra.network.podRanges", ["100.64.0.0/16", "100.65.0.0/16"], "name one for all, or one for each"),
        ("patchbay:infra.vpn.clientCidr", "10.30.0.0/20", "choose another range"),
        ("patchbay:infra.vpn.samlProviderArn", None, "set samlProviderArn or clientRootCertificateArn"),
        ("patchbay:infra.clusters", {}, "at least 1 item"),
        ("patchbay:infra.clusters.shared.endpointAllowlist", ["0.0.0.0/0"], "narrow it to the offices' or VPN's"),
        ("patchbay:infra.clusters.shared.version", "latest", "should match pattern"),
        ("patchbay:infra.clusters.shared.controlPlaneTier", None, "set controlPlaneTier, or remove it"),
        ("patchbay:infra.clusters.shared.tenants", ["tenant-one"], "keep each tenant on one"),
        ("patchbay:infra.clusters.shared.admins", [], "at least 1 item"),
        ("patchbay:infra.clusters.shared.admins", [DELIVERY_APPLY], "is let into every cluster anyway; remove it"),
        (f"{SYSTEM}.minSize", 9, "put desiredSize between the two"),
        (f"{SYSTEM}.instanceTypes", ["m7g.large"], "name types of amd64, or set architecture: arm64"),
        (f"{FLOWS}.spot.instanceTypes", ["m7i.xlarge"], "name 3 or more"),
        (f"{FLOWS}.onDemand.instanceTypes", ["m7i.xlarge", "m7i.large"], "name types of one size"),
        ("patchbay:infra.databases.write.multiAz", False, "set it to true"),
        ("patchbay:infra.databases.backupDays", 7, "set 14 or more"),
        ("patchbay:infra.auditing.cloudTrail", None, "nobody says who watches production's account"),
        ("patchbay:infra.auditing.awsConfig", "yes", "write `made`, or `{givenBy: ...}` with who gives it"),
        ("patchbay:infra.backups.lock", None, "set minDays and maxDays"),
        ("patchbay:infra.backups.copyTo", None, "name a vault elsewhere"),
        ("patchbay:infra.backups.start", "02:30", "move it by some hours"),
        ("patchbay:infra.backups.start", "5", 'write it like "05:00"'),
        ("patchbay:infra.databases.engineVersion", 11.8, "put it in quotes"),
        ("patchbay:infra.databases.read.zone", "eu-central-1z", "name one of them, or remove it"),
        ("patchbay:infra.databases.backupWindow", "25:30-03:30", "write it like"),
        ("patchbay:infra.databases.maintenanceWindow", "sun:01:30-sun:02:30", "move one of them"),
        ("patchbay:infra.databases.storageLimitGib", 200, "raise it"),
        (
            "patchbay:infra.databases.crossRegion.kmsKeyArn",
            "arn:aws:kms:eu-west-2:111122223333:key/a",
            "of that region",
        ),
        ("patchbay:infra.cache.nodes", 1, "set 2 or more"),
        ("patchbay:infra.search.instanceCount", 4, "so that zones are equal"),
        ("patchbay:infra.search.dedicatedMasters", None, "set `instanceType`"),
        ("patchbay:infra.objects.forceDestroy", True, "set it to false"),
        ("patchbay:infra.edge.domain", "no dots", "should match pattern"),
        ("patchbay:infra.edge.defaultCluster", "other", "name one of `clusters`"),
        ("patchbay:infra.edge.keyIngresses.api.allowlist", [], "list the networks that may call"),
        ("patchbay:infra.edge.keyIngresses.api.allowlist", ["0.0.0.0/0"], "narrow it to the callers"),
        ("patchbay:infra.delivery.repository", "patchbay", "should match pattern"),
        ("patchbay:infra.delivery.branch", "*", "name it without wildcards"),
        ("patchbay:infra.watching.endpoints", [], "name an endpoint, or an address in `emails`"),
        ("patchbay:infra.watching.monthlyBudgetUsd", 0, "greater than or equal to 1"),
        ("patchbay:infra.netwrok", {}, "correct its spelling or remove it"),
    ],
)
def test_a_wrong_field_is_named_with_its_remedy(field: str, value: Any, remedy: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load(Settings, with_value(infra_config("production"), field, value))
    lines = [line for line in str(refused.value).splitlines()[1:] if remedy in line]
    named = [line.partition(": ")[0] for line in lines]
    assert any(name.startswith(field) or field.startswith(name) for name in named), str(refused.value)


def test_ranges_for_pods_are_neither_the_vpns_nor_services() -> None:
    overlapping = with_value(infra_config("production"), "patchbay:infra.network.podRanges", ["10.250.0.0/16"])
    overlapping = with_value(overlapping, "patchbay:infra.clusters.shared.serviceCidr", "10.250.128.0/20")
    with pytest.raises(ConfigError) as refused:
        load(Settings, overlapping)
    assert "patchbay:infra.vpn.clientCidr: overlaps network.podRanges" in str(refused.value)
    assert "patchbay:infra.clusters.shared.serviceCidr: overlaps network.podRanges" in str(refused.value)


def test_the_endpoint_that_guardduty_makes_takes_an_address_from_the_nodes() -> None:
    """One in each subnet, for its agents (its guide, "How Runtime Monitoring works with Amazon EKS clusters")."""
    taken = []
    for guard in (None, {"givenBy": "the organization's security account"}):
        crowded = with_value(infra_config("staging"), "patchbay:infra.network.podRanges", [])
        crowded = with_value(crowded, "patchbay:infra.auditing.guardDuty", guard)
        with pytest.raises(ConfigError, match=r"clusters: \d+ blocks of 16") as refused:
            load(Settings, with_value(crowded, f"{FLOWS}.onDemand.maxSize", 450))
        taken += re.findall(r"clusters: (\d+) blocks of 16", str(refused.value))
    assert int(taken[1]) == int(taken[0]) + 1


def test_more_nodes_than_the_subnets_have_addresses_for_are_refused() -> None:
    """In a /16 each zone's subnet has 1,022 whole blocks of sixteen; a node's pods take seven, and it may break one."""
    too_many = with_value(infra_config("production"), f"{FLOWS}.onDemand.maxSize", 450)
    with pytest.raises(ConfigError) as refused:
        load(Settings, too_many)
    assert re.search(r"patchbay:infra\.clusters: \d+ blocks of 16 addresses are taken in", str(refused.value))
    assert "lower maxSize, maxPods or maxUnavailablePercentage" in str(refused.value)
