"""What the registry gives: images that never change under their name, scanned, and tidied up."""

import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pytest
from patchbay_config.errors import describe
from patchbay_infra.context import Context
from patchbay_infra.images.component import Images
from patchbay_infra.images.config import ImagesConfig
from pydantic import ValidationError

from tests.unit.infra.mocks import ACCOUNT, PRODUCTION, STAGING, Recorded, record

URL = {"ecr/repository:Repository": {"repositoryUrl": "registry.example.com/image"}}


def images(context: Context = PRODUCTION, **config: Any) -> Recorded:
    def program() -> Mapping[str, Any]:
        made = Images("images", ImagesConfig.model_validate(config), context=context, opts=pulumi.ResourceOptions())
        return {"urls": made.repository_urls, "registry": made.registry}

    return record(program, outputs=URL)


def test_every_image_of_the_platform_has_a_repository() -> None:
    recorded = images()
    names = {one.inputs["name"] for one in recorded.of("ecr/repository:Repository")}
    assert names == {f"patchbay-production-{image}" for image in ImagesConfig().names}
    assert set(recorded.outputs["urls"]) == set(ImagesConfig().names)
    assert recorded.outputs["registry"] == f"{ACCOUNT}.dkr.ecr.eu-central-1.amazonaws.com"


def test_a_tag_is_never_moved_and_a_push_is_scanned() -> None:
    for repository in images().of("ecr/repository:Repository"):
        assert repository.inputs["imageTagMutability"] == "IMMUTABLE"
        assert repository.inputs["imageScanningConfiguration"] == {"scanOnPush": True}
        assert repository.inputs["encryptionConfigurations"] == [{"encryptionType": "KMS"}]
        assert PRODUCTION.common_tags.items() <= repository.inputs["tags"].items()


def test_production_keeps_a_repository_that_holds_images() -> None:
    assert {one.inputs["forceDelete"] for one in images().of("ecr/repository:Repository")} == {False}
    assert {one.inputs["forceDelete"] for one in images(STAGING).of("ecr/repository:Repository")} == {True}


def test_old_images_go_and_those_to_roll_back_to_stay() -> None:
    recorded = images(names=["runtime"], untaggedDays=3, kept=20)
    policy = recorded.one("LifecyclePolicy").inputs
    assert policy["repository"] == "patchbay-production-runtime"
    untagged, beyond = (rule["selection"] for rule in json.loads(policy["policy"])["rules"])
    assert (untagged["tagStatus"], untagged["countUnit"], untagged["countNumber"]) == ("untagged", "days", 3)
    assert (beyond["countType"], beyond["countNumber"]) == ("imageCountMoreThan", 20)


@pytest.mark.parametrize(
    ("wanted", "scan_type", "frequency"),
    [("basic", "BASIC", "SCAN_ON_PUSH"), ("enhanced", "ENHANCED", "CONTINUOUS_SCAN")],
)
def test_the_registry_scans_as_wanted(wanted: str, scan_type: str, frequency: str) -> None:
    scanning = images(registryScanning=wanted).one("RegistryScanningConfiguration").inputs
    assert scanning["scanType"] == scan_type
    (rule,) = scanning["rules"]
    assert rule["scanFrequency"] == frequency


def test_an_environment_leaves_the_registrys_scanning_to_the_one_that_shares_its_account() -> None:
    assert not images(registryScanning="none").of("RegistryScanningConfiguration")


@pytest.mark.parametrize(
    ("config", "field", "remedy"),
    [
        ({"names": []}, "names", "at least 1 item"),
        ({"names": ["Runtime"]}, "names[0]", "should match pattern"),
        ({"names": ["runtime", "runtime"]}, "names", "runtime stands twice; remove one"),
        ({"untaggedDays": 0}, "untaggedDays", "greater than or equal to 1"),
        ({"kept": 1}, "kept", "greater than or equal to 5"),
        ({"registryScanning": "often"}, "registryScanning", "'basic', 'enhanced' or 'none'"),
        ({"mutable": True}, "mutable", "remove it"),
    ],
)
def test_a_bad_configuration_is_refused_by_field_and_with_the_remedy(
    config: Mapping[str, Any], field: str, remedy: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        ImagesConfig.model_validate(config)
    told = describe("", refused.value, missing="set it")
    assert any(line.startswith(f"{field}: ") and remedy in line for line in told.splitlines()), told
