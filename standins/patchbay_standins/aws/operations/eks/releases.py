"""Releases of the images that EKS makes: which is the newest, which fits a version, which would be a step back."""

import re
from typing import Final

from patchbay_standins.aws.operations.eks.service import invalid_parameter

# Emulated: `{minor}` is Kubernetes' minor version.
_NEWEST: Final = {"AL2023": "{minor}.9-20261120", "BOTTLEROCKET": "1.70.0-0a1b2c3d"}
_AL2023: Final = re.compile(r"(?P<minor>1\.\d+)\.(?P<patch>\d+)-(?P<date>\d{8})")
_BOTTLEROCKET: Final = re.compile(r"(?P<major>\d+)\.(?P<minor>\d+)\.(?P<patch>\d+)-[0-9a-f]{8}")


def newest(ami_type: str, version: str) -> str:
    """What EKS takes where no release is named."""
    return _NEWEST["BOTTLEROCKET" if ami_type.startswith("BOTTLEROCKET") else "AL2023"].format(minor=version)


def require_release(release: str, ami_type: str, version: str) -> None:
    """Refuses what is no release for the version, in EKS' words (terraform-aws-eks-node-group issue 209).

    A Bottlerocket release has no Kubernetes version in its name: only its form is looked at.
    """
    if ami_type.startswith("BOTTLEROCKET"):
        fits = _BOTTLEROCKET.fullmatch(release) is not None
    else:
        found = _AL2023.fullmatch(release)
        fits = found is not None and found["minor"] == version
    if not fits:
        raise invalid_parameter(f"Requested release version {release} is not valid for kubernetes version {version}.")


def require_no_step_back(before: str, after: str) -> None:
    """`You cannot roll back a node group to an earlier Kubernetes version or AMI version` (UpdateNodegroupVersion).

    The documentation does not give the error's words; these are ours.
    """
    if _age(after) < _age(before):
        raise invalid_parameter(f"Node group is at release version {before} and cannot be rolled back to {after}")


def _age(release: str) -> tuple[int, ...]:
    if found := _BOTTLEROCKET.fullmatch(release):
        return tuple(int(found[part]) for part in ("major", "minor", "patch"))
    if found := _AL2023.fullmatch(release):
        return int(found["minor"].partition(".")[2]), int(found["date"])
    return ()
