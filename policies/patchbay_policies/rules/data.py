"""Databases, cache, search and buckets: what keeps them alive, apart and private."""

from collections.abc import Iterator
from typing import Any, Final

from patchbay_policies.model import (
    UNKNOWN,
    Environment,
    Finding,
    Level,
    Resource,
    ResourceRule,
    Setting,
    Stack,
    StackRule,
)
from patchbay_policies.reading import at, given, holds, items, true, undecided
from patchbay_policies.tokens import (
    BUCKET,
    CACHE,
    CACHE_PARAMETERS,
    CLUSTER,
    DATABASE,
    KEY,
    LOAD_BALANCER,
    SEARCH,
)


def _is_copy(database: Resource) -> bool:
    return given(at(database.props, "replicateSourceDb"))


def _multi_az(resource: Resource, environment: Environment) -> Iterator[str]:
    if not environment.production:
        return
    props = resource.props
    if resource.type == DATABASE:
        if not _is_copy(resource) and not true(at(props, "multiAz")):
            yield "multiAz is not on"
    elif resource.type == CACHE:
        for name in ("multiAzEnabled", "automaticFailoverEnabled"):
            if not true(at(props, name)):
                yield f"{name} is not on"
        if _fewer(at(props, "numCacheClusters"), 2):
            yield "it has no copy to fail over to"
    else:
        if not true(at(props, "clusterConfig", "zoneAwarenessEnabled")):
            yield "clusterConfig.zoneAwarenessEnabled is not on"
        if _fewer(at(props, "clusterConfig", "instanceCount"), 2):
            yield "it has one node"


def _fewer(value: Any, least: int) -> bool:
    return value is not UNKNOWN and (not isinstance(value, int | float) or value < least)


def _deletion_protection(resource: Resource, environment: Environment) -> Iterator[str]:
    if not environment.production:
        return
    name = "enableDeletionProtection" if resource.type == LOAD_BALANCER else "deletionProtection"
    if not true(at(resource.props, name)):
        yield f"{name} is not on"
    if (
        resource.type == DATABASE
        and not _is_copy(resource)
        and not holds(at(resource.props, "skipFinalSnapshot"), False)
    ):
        yield "skipFinalSnapshot is not false"


def _databases_protected(resource: Resource, environment: Environment) -> Iterator[str]:
    disposable = environment.settings["disposableEnvironments"]
    if not resource.protect and (environment.production or environment.name not in disposable):
        yield "its resource option protect is not on, so that an update may replace or delete it"


def _stores_protected(resource: Resource, environment: Environment) -> Iterator[str]:
    if environment.production and not resource.protect:
        yield "its resource option protect is not on, so that an update may replace or delete it"


def _zones(stack: Stack, _: Environment) -> Iterator[Finding]:
    databases = stack.of(DATABASE)
    writers = [database for database in databases if not _is_copy(database)]
    for copy in databases:
        if not _is_copy(copy):
            continue
        zone = at(copy.props, "availabilityZone")
        if zone is None:
            yield Finding(copy, "its zone is left to AWS, which may choose the write copy's")
        for writer in writers:
            if not (stack.refers(copy, "replicateSourceDb", writer) or _named(copy, writer)):
                continue
            if zone not in {None, UNKNOWN} and zone == at(writer.props, "availabilityZone"):
                yield Finding(copy, f"it stands in {zone}, like its write copy {writer.name}")


def _named(copy: Resource, writer: Resource) -> bool:
    source = at(copy.props, "replicateSourceDb")
    return source is not UNKNOWN and source in {at(writer.props, "identifier"), at(writer.props, "arn")}


def _authentication(resource: Resource, _: Environment) -> Iterator[str]:
    props = resource.props
    if resource.type == DATABASE:
        yield from _master_password(resource)
    elif resource.type == CACHE:
        if not given(at(props, "userGroupIds")) and not given(at(props, "authToken")):
            yield "it has no user group, so that whoever reaches it may read it"
    elif not true(at(props, "advancedSecurityOptions", "enabled")):
        yield "advancedSecurityOptions.enabled is not on"


def _master_password(database: Resource) -> Iterator[str]:
    # RDS refuses to copy a database whose password it manages (terraform-aws-rds issues 512 and 532), hence the other.
    props = database.props
    if given(at(props, "password")):
        yield "its password is one of the program's values (password)"
    if _is_copy(database) or true(at(props, "manageMasterUserPassword")):
        return
    written, version = at(props, "passwordWo"), at(props, "passwordWoVersion")
    if not given(written):
        yield "manageMasterUserPassword is not on, and passwordWo is not set"
    elif not given(version):
        yield "passwordWo is never written anew: passwordWoVersion is not set"


def _eviction(resource: Resource, _: Environment) -> Iterator[str]:
    parameters = at(resource.props, "parameters")
    if undecided(parameters):
        return
    policies = [at(p, "value") for p in items(parameters) if at(p, "name") == "maxmemory-policy"]
    if not any(holds(policy, "noeviction") for policy in policies):
        yield "maxmemory-policy is not noeviction, so that a full cache drops queued processes"


def _upgrades(resource: Resource, _: Environment) -> Iterator[str]:
    if _is_copy(resource):
        return
    for name in ("maintenanceWindow", "backupWindow"):
        if not given(at(resource.props, name)):
            yield f"{name} is not set"
    if _fewer(at(resource.props, "monitoringInterval"), 1):
        yield "enhanced monitoring (monitoringInterval) is off"


_BLOCKS: Final = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


RULES: Final = (
    ResourceRule(
        name="multi-az-in-production",
        description="In production the write copy of the database, the cache and search outlive the loss of a zone.",
        remedy="Switch multi-AZ and automatic failover on, with at least two nodes.",
        types=frozenset({DATABASE, CACHE, SEARCH}),
        check=_multi_az,
    ),
    ResourceRule(
        name="deletion-protection-in-production",
        description="In production AWS itself refuses to delete databases, load balancers and clusters.",
        remedy="Switch deletion protection on, and keep the final snapshot.",
        types=frozenset({DATABASE, LOAD_BALANCER, CLUSTER}),
        check=_deletion_protection,
    ),
    ResourceRule(
        name="databases-refuse-replacement",
        description="No update may replace or delete a database, except in environments whose data may be lost.",
        remedy="Set protect=True; to replace one on purpose, restore its snapshot into a new one and move the clients.",
        types=frozenset({DATABASE}),
        settings={
            "disposableEnvironments": Setting(["local", "dev"], {"type": "array", "items": {"type": "string"}}),
        },
        limits="The engine refuses the replacement, and this rule refuses to switch the engine's protection off.",
        check=_databases_protected,
    ),
    ResourceRule(
        name="stores-protected-in-production",
        description="In production no update may replace or delete search domains, buckets and keys.",
        remedy="Set protect=True.",
        types=frozenset({SEARCH, BUCKET, KEY}),
        check=_stores_protected,
    ),
    StackRule(
        name="copies-in-different-zones",
        description="The write copy and the read copy of a database stand in different zones.",
        remedy="Set availabilityZone of the read copy to another zone than the write copy's.",
        types=frozenset({DATABASE}),
        limits="The zone of a multi-AZ write copy is AWS' choice, and first seen at the end of the update.",
        check=_zones,
    ),
    ResourceRule(
        name="stores-authenticate",
        description="Databases, caches and search ask who is there, without a plain password of ours.",
        remedy="Use manageMasterUserPassword, or passwordWo and passwordWoVersion with a value that nobody keeps "
        "where the database has read copies; a user group; advancedSecurityOptions.",
        types=frozenset({DATABASE, CACHE, SEARCH}),
        limits="A write-only password is never read back, and stays in Pulumi's state as a secret "
        "(pulumi-terraform-bridge issue 3201).",
        check=_authentication,
    ),
    ResourceRule(
        name="queues-are-not-evicted",
        description="A full cache refuses writes and drops nothing.",
        remedy="Set the parameter maxmemory-policy to noeviction.",
        types=frozenset({CACHE_PARAMETERS}),
        check=_eviction,
    ),
    ResourceRule(
        name="databases-have-windows",
        description="Databases are upgraded, backed up and watched at chosen times.",
        remedy="Set maintenanceWindow, backupWindow and monitoringInterval.",
        level=Level.ADVISORY,
        types=frozenset({DATABASE}),
        check=_upgrades,
    ),
)
