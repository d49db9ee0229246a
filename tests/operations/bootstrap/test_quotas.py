"""What an environment takes at its largest is held against what its account may have."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.servicequotas.resources.default_quotas.vpc import VPC_DEFAULT_QUOTAS
from patchbay_operations.bootstrap.quota_needs import needs
from patchbay_operations.bootstrap.stack_file import Stack, load_stack

from tests.operations.bootstrap.prepared import ADMIN, Done, prepared, role_keys, stack_file
from tests.operations.bootstrap.rights import held
from tests.standins.aws.account import Account

# vCPUs by EC2's documentation of instance types: large has 2, xlarge 4.
VCPUS = {"large": 2, "xlarge": 4}


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with held(tmp_path_factory.mktemp("emulator")) as account:
        yield account


def taken(stack: Stack) -> dict[str, int]:
    return {need.code: need.amount for need in needs(stack, lambda name: VCPUS[name.partition(".")[2]])}


def judged(account: Account, file: Path, quota: Any, default: Any = None) -> Done:
    """The command where the quotas are the test's."""
    answered = {"service-quotas.get_service_quota": quota, "service-quotas.get_aws_default_service_quota": default}
    return prepared(account, file, keys=role_keys(account, ADMIN), dry_run=True, answered=answered)


def refusing(code: str) -> Any:
    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": code, "Message": "no"}}, "GetServiceQuota")

    return refuse


def of(value: float) -> Any:
    return lambda **_: {"Quota": {"Value": value}}


def test_production_takes_what_its_largest_groups_and_their_update_take(tmp_path: Path) -> None:
    """By hand: nodes, and those that EKS starts before it drains the old ones.

    It starts twice as many as the group has zones, or as many as may be away, whichever is more ("Understand each phase
    of node updates", EKS User Guide).
    """
    system, on_demand, spot, zonal = (6 + 6) * 2, (30 + 10) * 4, (200 + 66) * 4, 3 * (10 + 4) * 4
    found = taken(load_stack(stack_file(tmp_path)))
    assert found["L-1216C47A"] == 2 * system + on_demand + zonal
    assert found["L-34B43A08"] == spot
    nodes = 2 * 12 + 40 + 266 + 3 * 14
    assert found["L-7A658B76"] == -(-nodes * 50 // 1024)
    # Behind the load balancer are the system nodes of both clusters, which the gateway is placed on.
    assert (found["L-7E6692B2"], found["L-A0D0B863"]) == (24, 12)
    # A NAT gateway in each of three zones; two clusters of three cache nodes; two copies of 2000 GiB; one rule of up
    # to five tenants, and the wildcard; on the dedicated cluster a group for each zone, and the system's.
    wanted = {"L-0263D0A3": 3, "L-DFE45DF3": 6, "L-7ADDB58A": 4000, "L-7EED9B64": 2, "L-6D54EA21": 4, "L-BD136A63": 200}
    assert found | wanted == found


def test_quotas_of_the_network_are_asked_for_by_the_codes_that_moto_took_from_aws(tmp_path: Path) -> None:
    names = {quota["QuotaCode"]: quota["QuotaName"] for quota in VPC_DEFAULT_QUOTAS}
    found = needs(load_stack(stack_file(tmp_path)), lambda _: 1)
    asked = {need.title: names[need.code] for need in found if need.service == "vpc"}
    assert asked == {
        "NAT gateways of a zone": "NAT gateways per Availability Zone",
        "VPCs": "VPCs per Region",
        "internet gateways": "Internet gateways per Region",
        "interface endpoints": "Interface VPC endpoints per VPC",
        "rules of a security group": "Inbound or outbound rules per security group",
    }


def test_no_more_than_a_hundred_nodes_are_replaced_at_a_time(tmp_path: Path) -> None:
    stack = load_stack(stack_file(tmp_path))
    shared = stack.infra.clusters["shared"]
    assert shared.flows.spot is not None
    spot = shared.flows.spot.model_copy(update={"max_size": 450})
    flows = shared.flows.model_copy(update={"spot": spot})
    clusters = {"shared": shared.model_copy(update={"flows": flows})}
    larger = replace(stack, infra=stack.infra.model_copy(update={"clusters": clusters}))
    assert taken(larger)["L-34B43A08"] == (450 + 100) * 4


def test_a_quota_that_is_too_small_fails_with_the_command_that_asks_for_more(account: Account, tmp_path: Path) -> None:
    done = judged(account, stack_file(tmp_path), of(300))
    assert done.status == 1
    asked = [line.strip() for line in done.told.splitlines() if "request-service-quota-increase" in line]
    assert (
        "aws service-quotas request-service-quota-increase --region eu-central-1 --service-code ec2 "
        "--quota-code L-1216C47A --desired-value 376" in asked
    )
    assert not [line for line in asked if "L-0263D0A3" in line]


def test_quotas_that_are_just_enough_pass(account: Account, tmp_path: Path) -> None:
    stack = load_stack(stack_file(tmp_path))
    amounts = taken(stack)
    done = judged(account, stack.file, lambda QuotaCode, **_: {"Quota": {"Value": float(amounts[QuotaCode])}})  # noqa: N803
    assert done.status == 0
    assert "too small" not in done.told
    assert "not read" not in done.told


def test_the_default_holds_where_the_account_has_no_value_of_its_own(account: Account, tmp_path: Path) -> None:
    file, absent = stack_file(tmp_path), refusing("NoSuchResourceException")
    assert judged(account, file, absent, of(1e6)).status == 0
    assert judged(account, file, absent, of(0)).status == 1


def test_quotas_that_may_not_be_read_are_said_to_be_so(account: Account, tmp_path: Path) -> None:
    done = judged(account, stack_file(tmp_path), refusing("AccessDeniedException"), of(1e6))
    assert done.status == 0
    assert "not read" in done.told
    assert "AccessDeniedException" in done.told


def test_types_of_other_families_are_left_to_a_person(account: Account, tmp_path: Path) -> None:
    stack = load_stack(stack_file(tmp_path))
    clusters = {name: cluster.model_dump(by_alias=True) for name, cluster in stack.infra.clusters.items()}
    clusters["dedicated"]["flows"]["onDemand"]["instanceTypes"] = ["g5.xlarge", "inf2.xlarge"]
    done = judged(account, stack_file(tmp_path, clusters=clusters), of(1e6))
    assert "clusters.dedicated.flows.onDemand.instanceTypes" in done.told
