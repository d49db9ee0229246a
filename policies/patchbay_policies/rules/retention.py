"""How long logs, backups, objects and images are kept."""

from collections.abc import Iterator
from typing import Final

from patchbay_policies.model import (
    UNKNOWN,
    Environment,
    Finding,
    Resource,
    ResourceRule,
    Setting,
    Stack,
    StackRule,
)
from patchbay_policies.reading import at, given
from patchbay_policies.tokens import (
    DATABASE,
    LOG_GROUP,
    REPOSITORY,
    REPOSITORY_LIFECYCLE,
    SECRET,
    SECRET_ROTATION,
)


def _logs(resource: Resource, environment: Environment) -> Iterator[str]:
    days = at(resource.props, "retentionInDays")
    if days is UNKNOWN:
        return
    most = environment.settings["maxDays"]
    if not isinstance(days, int | float) or days < 1:
        yield "retentionInDays is not set, so that its logs are kept for ever"
    elif days > most:
        yield f"it keeps logs for {days:g} days, more than {most:g}"


def _backups(resource: Resource, environment: Environment) -> Iterator[str]:
    if given(at(resource.props, "replicateSourceDb")):
        return
    days = at(resource.props, "backupRetentionPeriod")
    least = environment.settings["productionDays"] if environment.production else 1
    if days is not UNKNOWN and (not isinstance(days, int | float) or days < least):
        yield f"backupRetentionPeriod is less than {least:g} days, so that point-in-time recovery reaches no further"


def _images(stack: Stack, _: Environment) -> Iterator[Finding]:
    for repository in stack.of(REPOSITORY):
        if not any(stack.refers(policy, "repository", repository) for policy in stack.of(REPOSITORY_LIFECYCLE)):
            yield Finding(repository, "it keeps every image for ever")


def _secrets(stack: Stack, environment: Environment) -> Iterator[Finding]:
    if not environment.production:
        return
    for secret in stack.of(SECRET):
        # A tenant's secret is a credential of a partner's system, which only the partner changes.
        if given(at(secret.props, "tags", "patchbay:tenant")):
            continue
        if not any(stack.refers(rotation, "secretId", secret) for rotation in stack.of(SECRET_ROTATION)):
            yield Finding(secret, "it is never rotated")


RULES: Final = (
    ResourceRule(
        name="logs-expire",
        description="Every log group says how long it keeps logs.",
        remedy="Set retentionInDays, of at most this rule's setting maxDays.",
        types=frozenset({LOG_GROUP}),
        settings={"maxDays": Setting(400, {"type": "integer", "minimum": 1})},
        check=_logs,
    ),
    ResourceRule(
        name="backups-kept",
        description="Databases can be restored to any point of the last days.",
        remedy="Set backupRetentionPeriod: at least a day, in production this rule's setting productionDays.",
        types=frozenset({DATABASE}),
        settings={"productionDays": Setting(7, {"type": "integer", "minimum": 1, "maximum": 35})},
        check=_backups,
    ),
    StackRule(
        name="images-expire",
        description="Repositories forget images that nobody runs.",
        remedy="Add a LifecyclePolicy for the repository.",
        types=frozenset({REPOSITORY, REPOSITORY_LIFECYCLE}),
        check=_images,
    ),
    StackRule(
        name="secrets-rotate-in-production",
        description="In production secrets are changed at an interval, but for those of tenants' partners.",
        remedy="Add an aws.secretsmanager.SecretRotation, or tag a tenant's secret with patchbay:tenant.",
        types=frozenset({SECRET, SECRET_ROTATION}),
        check=_secrets,
    ),
)
