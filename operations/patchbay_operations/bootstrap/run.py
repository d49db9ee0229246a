"""The steps in their order."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from patchbay_operations.bootstrap import bucket, identity, key, linked_roles, quotas, zone
from patchbay_operations.bootstrap.findings import DENIED, RefusedError, Work
from patchbay_operations.bootstrap.quotas import Judged
from patchbay_operations.refusal import code, explained


@dataclass(frozen=True)
class Outcome:
    """`key_arn`: the state's key; None where it is not made yet."""

    key_arn: str | None
    quotas: list[Judged]


def prepare(work: Work) -> Outcome:
    """RefusedError where it has to stop; what was made until then was told, and is found by the next run."""
    with _explained("sts, iam"):
        identity.look(work)
    with _explained("kms"):
        key_arn = key.ensure(work)
    with _explained("s3"):
        bucket.ensure(work, key_arn)
    with _explained("route53"):
        zone.ensure(work)
    with _explained("iam"):
        linked_roles.ensure(work)
    with _explained("service-quotas, ec2"):
        judged = quotas.judged(work)
    return Outcome(key_arn, judged)


@contextmanager
def _explained(service: str) -> Iterator[None]:
    """AWS' refusal as ours: the call, the code, the remedy."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        problem, remedy = explained(error)
        if isinstance(error, ClientError) and code(error) in DENIED:
            remedy = "have an administrator's role allow it (docs/environments.md has the policy: Who bootstraps)"
        raise RefusedError(f"{service}: {problem}; {remedy}, and run this again") from error
