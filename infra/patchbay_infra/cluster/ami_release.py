"""Which release of its image a node starts from: pinned, so that one change of the config is one change of nodes."""

import re
from collections.abc import Mapping
from typing import Final, Literal

AmiType = Literal["AL2023_x86_64_STANDARD", "AL2023_ARM_64_STANDARD", "BOTTLEROCKET_x86_64", "BOTTLEROCKET_ARM_64"]
Family = Literal["AL2023", "BOTTLEROCKET"]

# Of Kubernetes 1.35, as published (entigo-infralib pull request 1488). A release of AL2023 has one name for both
# architectures.
DEFAULT_RELEASES: Final[Mapping[Family, str]] = {"AL2023": "1.35.7-20260903", "BOTTLEROCKET": "1.65.0-0be31b34"}
_FORMS: Final[Mapping[Family, tuple[re.Pattern[str], str]]] = {
    "AL2023": (re.compile(r"(1\.\d{2})\.\d+-\d{8}"), "Kubernetes' version and a day, such as 1.35.7-20260903"),
    "BOTTLEROCKET": (
        re.compile(r"\d+\.\d+\.\d+-[0-9a-f]{8}"),
        "Bottlerocket's version and a commit, such as 1.65.0-0be31b34",
    ),
}


def is_bottlerocket(ami_type: AmiType) -> bool:
    return _family(ami_type) == "BOTTLEROCKET"


def default_release(ami_type: AmiType) -> str:
    return DEFAULT_RELEASES[_family(ami_type)]


def newest_parameter(ami_type: AmiType, version: str) -> str:
    """The name of AWS' public SSM parameter that holds the newest release of the image for a Kubernetes version."""
    architecture = "arm64" if "ARM" in ami_type else "x86_64"
    if is_bottlerocket(ami_type):
        return f"/aws/service/bottlerocket/aws-k8s-{version}/{architecture}/latest/image_version"
    image = f"amazon-linux-2023/{architecture}/standard"
    return f"/aws/service/eks/optimized-ami/{version}/{image}/recommended/release_version"


def fault(ami_type: AmiType, release: str, version: str) -> str | None:
    """What is wrong with a release for nodes of this Kubernetes version, with the remedy."""
    pattern, form = _FORMS[_family(ami_type)]
    find = f"`aws ssm get-parameter --name {newest_parameter(ami_type, version)}` tells the newest"
    found = pattern.fullmatch(release)
    if found is None:
        return f"{release} is no release of {ami_type}; write {form}: {find}"
    # A Bottlerocket release has an image for each version, and names none.
    if not is_bottlerocket(ami_type) and found[1] != version:
        return f"{release} is not of Kubernetes {version}; set one of the cluster's version: {find}"
    return None


def _family(ami_type: AmiType) -> Family:
    return "BOTTLEROCKET" if ami_type.startswith("BOTTLEROCKET") else "AL2023"
