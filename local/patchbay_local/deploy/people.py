"""The roles of people that a stack's config names: on AWS they are there before a stack's first `up`."""

import json
from collections.abc import Iterable
from typing import Final

from patchbay_operations.access import Access

# Any identity of the account that its own policies let do so.
_TRUST: Final = {"Effect": "Allow", "Action": "sts:AssumeRole"}


def make_roles(access: Access, account: str, arns: Iterable[str]) -> None:
    """Makes the account's roles of these ARNs that it does not have, without any right.

    EKS refuses an access entry of a role that does not exist (terraform-aws-eks issue 2969).
    """
    iam = access.client("iam")
    trust = json.dumps(
        {"Version": "2012-10-17", "Statement": [{**_TRUST, "Principal": {"AWS": f"arn:aws:iam::{account}:root"}}]}
    )
    prefix = f"arn:aws:iam::{account}:role/"
    for arn in sorted({arn for arn in arns if arn.startswith(prefix)}):
        path, _, name = arn.removeprefix(prefix).rpartition("/")
        try:
            iam.get_role(RoleName=name)
        except iam.exceptions.NoSuchEntityException:
            iam.create_role(RoleName=name, Path=f"/{path}/" if path else "/", AssumeRolePolicyDocument=trust)
