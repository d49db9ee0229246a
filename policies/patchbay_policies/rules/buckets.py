"""Buckets: encrypted, private, versioned, and not for ever."""

from collections.abc import Iterator
from typing import Any, Final

from patchbay_policies.documents import Statement, read
from patchbay_policies.model import UNKNOWN, Environment, Finding, Resource, Setting, Stack, StackRule
from patchbay_policies.reading import at, given, holds, items, true, undecided
from patchbay_policies.tokens import (
    BUCKET,
    BUCKET_ACCESS,
    BUCKET_ENCRYPTION,
    BUCKET_LIFECYCLE,
    BUCKET_LOGGING,
    BUCKET_POLICY,
    BUCKET_VERSIONING,
    LOAD_BALANCER,
)

_BLOCKS: Final = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def _takes_logs(stack: Stack, bucket: Resource) -> bool:
    """Whether AWS itself writes access logs into a bucket."""
    return any(bucket.urn in one.references.get("accessLogs", ()) for one in stack.of(LOAD_BALANCER)) or any(
        stack.refers(logging, "targetBucket", bucket) for logging in stack.of(BUCKET_LOGGING)
    )


def _encrypted(stack: Stack, _: Environment) -> Iterator[Finding]:
    for bucket in stack.of(BUCKET):
        configurations = [c for c in stack.of(BUCKET_ENCRYPTION) if stack.refers(c, "bucket", bucket)]
        if not configurations:
            yield Finding(bucket, "it has no BucketServerSideEncryptionConfiguration")
        for configuration in configurations:
            algorithm = at(configuration.props, "rules", "applyServerSideEncryptionByDefault", "sseAlgorithm")
            if not (holds(algorithm, "aws:kms") or (algorithm == "AES256" and _takes_logs(stack, bucket))):
                yield Finding(configuration, f"it encrypts {bucket.name} with {algorithm} in place of aws:kms")


def _refuses_http(policy: Resource) -> bool:
    document = at(policy.props, "policy")
    return undecided(document) or any(_refuses_everybody(statement) for statement in read(document).statements)


def _refuses_everybody(statement: Statement) -> bool:
    """Whether a statement refuses every request without TLS: another condition would let some through."""
    plain = {(condition.operator, condition.key, condition.values) for condition in statement.conditions}
    return (
        not statement.allows
        and any(name == "*" for _, name in statement.principals)
        and statement.may("s3:*")
        and bool(plain)
        and plain <= {(operator, "aws:securetransport", ("false",)) for operator in ("bool", "boolifexists")}
    )


def _buckets_tls(stack: Stack, _: Environment) -> Iterator[Finding]:
    for bucket in stack.of(BUCKET):
        policies = [policy for policy in stack.of(BUCKET_POLICY) if stack.refers(policy, "bucket", bucket)]
        if not any(_refuses_http(policy) for policy in policies):
            yield Finding(bucket, "no policy of it denies requests without TLS")


def _buckets_private(stack: Stack, _: Environment) -> Iterator[Finding]:
    for bucket in stack.of(BUCKET):
        blocks = [block for block in stack.of(BUCKET_ACCESS) if stack.refers(block, "bucket", bucket)]
        if not blocks:
            yield Finding(bucket, "it has no BucketPublicAccessBlock")
        for block in blocks:
            off = [name for name in _BLOCKS if not true(at(block.props, name))]
            if off:
                yield Finding(block, f"{', '.join(off)} of {bucket.name} are not on")


def _buckets_versioned(stack: Stack, _: Environment) -> Iterator[Finding]:
    for bucket in stack.of(BUCKET):
        states = [
            at(versioning.props, "versioningConfiguration", "status")
            for versioning in stack.of(BUCKET_VERSIONING)
            if stack.refers(versioning, "bucket", bucket)
        ]
        if not any(holds(state, "Enabled") for state in states) and not _takes_logs(stack, bucket):
            yield Finding(bucket, "it is not versioned")


def _expires(rule: Any) -> bool:
    days = at(rule, "expiration", "days")
    return at(rule, "status") in {"Enabled", UNKNOWN} and given(days)


def _expiring(stack: Stack, environment: Environment) -> Iterator[Finding]:
    most = environment.settings["maxDays"]
    for bucket in stack.of(BUCKET):
        configurations = [c for c in stack.of(BUCKET_LIFECYCLE) if stack.refers(c, "bucket", bucket)]
        rules = [rule for configuration in configurations for rule in items(at(configuration.props, "rules"))]
        unknown = any(undecided(at(configuration.props, "rules")) for configuration in configurations)
        if not unknown and not any(_expires(rule) for rule in rules):
            yield Finding(bucket, "no lifecycle rule lets its objects expire")
        for days in (at(rule, "expiration", "days") for rule in rules):
            if isinstance(days, int | float) and days > most:
                yield Finding(bucket, f"its objects are kept for {days:g} days, more than {most:g}")


RULES: Final = (
    StackRule(
        name="buckets-encrypted",
        description="Every bucket encrypts with a KMS key; buckets for access logs may use S3's own.",
        remedy="Add a BucketServerSideEncryptionConfiguration with sseAlgorithm aws:kms and the environment's key.",
        types=frozenset({BUCKET, BUCKET_ENCRYPTION, BUCKET_LOGGING, LOAD_BALANCER}),
        check=_encrypted,
    ),
    StackRule(
        name="buckets-only-by-tls",
        description="Every bucket refuses requests without TLS.",
        remedy="Add a bucket policy that denies s3:* to everybody when aws:SecureTransport is false.",
        types=frozenset({BUCKET, BUCKET_POLICY}),
        limits="A document made from values that a preview does not know is read at the update.",
        check=_buckets_tls,
    ),
    StackRule(
        name="buckets-block-public-access",
        description="No bucket can be made public.",
        remedy="Add a BucketPublicAccessBlock with all four switches on.",
        types=frozenset({BUCKET, BUCKET_ACCESS}),
        check=_buckets_private,
    ),
    StackRule(
        name="buckets-versioned",
        description="A deleted or overwritten object can be had back; access logs are only ever added to.",
        remedy="Add a BucketVersioning with status Enabled, and let old versions expire.",
        types=frozenset({BUCKET, BUCKET_VERSIONING, BUCKET_LOGGING, LOAD_BALANCER}),
        check=_buckets_versioned,
    ),
    StackRule(
        name="objects-expire",
        description="Objects of every bucket expire.",
        remedy="Add a BucketLifecycleConfiguration with an expiration, of at most this rule's setting maxDays.",
        types=frozenset({BUCKET, BUCKET_LIFECYCLE}),
        settings={"maxDays": Setting(400, {"type": "integer", "minimum": 1})},
        check=_expiring,
    ),
)
