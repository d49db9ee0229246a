"""Instance types are found by what they have."""

from typing import Any

import pytest

from tests.standins.aws.account import Account
from tests.standins.aws.scaling import group, template

SMALL: dict[str, Any] = {"VCpuCount": {"Min": 1, "Max": 2}, "MemoryMiB": {"Min": 2048, "Max": 4096}}


def _types(account: Account, requirements: dict[str, Any], architecture: str = "x86_64") -> set[str]:
    pages = account.client("ec2").get_paginator("get_instance_types_from_instance_requirements")
    found = pages.paginate(
        ArchitectureTypes=[architecture],
        VirtualizationTypes=["hvm"],
        InstanceRequirements=requirements,
        PaginationConfig={"PageSize": 7},
    )
    return {item["InstanceType"] for page in found for item in page["InstanceTypes"]}


def test_types_are_within_the_ranges_of_processors_and_memory(account: Account) -> None:
    found = _types(account, SMALL)
    assert {"c7a.medium", "c7i.large"} <= found
    described = account.client("ec2").describe_instance_types(InstanceTypes=sorted(found))["InstanceTypes"]
    assert {item["InstanceType"] for item in described} == found
    for item in described:
        assert 1 <= item["VCpuInfo"]["DefaultVCpus"] <= 2
        assert 2048 <= item["MemoryInfo"]["SizeInMiB"] <= 4096
        assert "x86_64" in item["ProcessorInfo"]["SupportedArchitectures"]
        assert not item["BurstablePerformanceSupported"]


def test_an_architecture_a_maker_and_names_narrow_them(account: Account) -> None:
    assert "c7g.medium" in _types(account, SMALL, "arm64")
    assert "c7g.medium" not in _types(account, SMALL)
    assert "c7a.medium" not in _types(account, SMALL | {"CpuManufacturers": ["intel"]})
    assert "c7a.medium" not in _types(account, SMALL | {"ExcludedInstanceTypes": ["c7a.*"]})
    assert _types(account, SMALL | {"AllowedInstanceTypes": ["c7a.m*"]}) == {"c7a.medium"}
    assert "t3.medium" in _types(account, SMALL | {"BurstablePerformance": "included"})


def test_a_requirement_that_is_not_known_is_told(account: Account) -> None:
    with pytest.raises(Exception, match="NotEmulated"):
        _types(account, SMALL | {"AcceleratorNames": ["t4"]})


def test_a_group_of_required_instances_launches_one_that_meets_the_requirements(account: Account) -> None:
    policy = {
        "LaunchTemplate": {
            "LaunchTemplateSpecification": {"LaunchTemplateId": template(account)},
            "Overrides": [{"InstanceRequirements": SMALL}],
        }
    }
    (member,) = group(account, desired=1, MixedInstancesPolicy=policy).members
    assert member["InstanceType"] in _types(account, SMALL) | _types(account, SMALL, "arm64")
