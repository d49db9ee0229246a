"""Which release of its image a node starts from: pinned, so that one change of the config is one change of nodes."""

import re
from collections.abc import Mapping
from typing import Final, Literal

from patchbay_infra.cluster.architecture import Architecture

AmiType = Literal["AL2023_x86_64_STANDARD", "AL2023_ARM_64_STANDARD", "BOTTLEROCKET_x86_64", "BOTTLEROCKET_ARM_64"]
Family = Literal["AL2023", "BOTTLEROCKET"]

# Of Kubernetes 1.35, as published (entigo-infralib pull request 1488). A release has one name for both architectures.
DEFAULT_RELEASES: Final[Mapping[Family, str]] = {"AL2023": "1.35.7-20260903", "BOTTLEROCKET": "1.65.0-0be31b34"}
_FORMS: Final[Mapping[Family, tuple[re.Pattern[str], str]]] = {
    "AL2023": (re.compile(r"(1\.\d{2})\.\d+-\d{8}"), "Kubernetes' version and a day, such as 1.35.7-20260903"),
    "BOTTLEROCKET": (
        re.compile(r"\d+\.\d+\.\d+-[0-9a-f]{8}"),
        "Bottlerocket's version and a commit, such as 1.65.0-0be31b34",
    ),
}


_TYPES: Final[Mapping[tuple[Family, Architecture], AmiType]] = {
    ("AL2023", "amd64"): "AL2023_x86_64_STANDARD",
    ("AL2023", "arm64"): "AL2023_ARM_64_STANDARD",
    ("BOTTLEROCKET", "amd64"): "BOTTLEROCKET_x86_64",
    ("BOTTLEROCKET", "arm64"): "BOTTLEROCKET_ARM_64",
}


def ami_type(family: Family, architecture: Architecture) -> AmiType:
    """What EKS calls the family's image for the architecture."""
    return _TYPES[family, architecture]


def is_bottlerocket(ami_type: AmiType) -> bool:
    return ami_type.startswith("BOTTLEROCKET")


def newest_parameter(family: Family, version: str) -> str:
    """The name of AWS' public SSM parameter that holds the newest release of the images for a Kubernetes version."""
    if family == "BOTTLEROCKET":
        return f"/aws/service/bottlerocket/aws-k8s-{version}/x86_64/latest/image_version"
    image = "amazon-linux-2023/x86_64/standard"
    return f"/aws/service/eks/optimized-ami/{version}/{image}/recommended/release_version"


def fault(family: Family, release: str, version: str) -> str | None:
    """What is wrong with a release for nodes of this Kubernetes version, with the remedy."""
    pattern, form = _FORMS[family]
    find = f"`aws ssm get-parameter --name {newest_parameter(family, version)}` tells the newest"
    found = pattern.fullmatch(release)
    if found is None:
        return f"{release} is no release of {family}; write {form}: {find}"
    # A Bottlerocket release has an image for each version, and names none.
    if family == "AL2023" and found[1] != version:
        return f"{release} is not of Kubernetes {version}; set one of the cluster's version: {find}"
    return None
