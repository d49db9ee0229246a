"""Cases of the rules about databases, cache, search, buckets and retention."""

from typing import Any

from patchbay_policies import tokens
from patchbay_policies.model import Environment, Resource

from tests.policy.case import DEV, Cases, bad, good, made

STAGING = Environment("staging", "staging", production=False)


def database(**props: Any) -> Resource:
    return made(tokens.DATABASE, "writer", {"identifier": "writer", **props})


def copy(writer: Resource | None = None, **props: Any) -> Resource:
    refers = {"replicateSourceDb": writer} if writer else {}
    return made(tokens.DATABASE, "reader", {"replicateSourceDb": "writer", **props}, refers=refers)


WRITER = database(availabilityZone="eu-central-1a")
SAFE_CACHE = {"multiAzEnabled": True, "automaticFailoverEnabled": True, "numCacheClusters": 2.0}
BUCKET = made(tokens.BUCKET, "payloads")
REPOSITORY = made(tokens.REPOSITORY, "runtime")
SECRET = made(tokens.SECRET, "tenant")


def search(**cluster: Any) -> Resource:
    return made(tokens.SEARCH, props={"clusterConfig": cluster})


def parameters(value: str) -> Resource:
    return made(tokens.CACHE_PARAMETERS, props={"parameters": [{"name": "maxmemory-policy", "value": value}]})


def access(**switches: bool) -> Resource:
    usual = dict.fromkeys(("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"), True)
    return made(tokens.BUCKET_ACCESS, props={**usual, **switches}, refers={"bucket": BUCKET})


def versioning(status: str) -> Resource:
    config = {"versioningConfiguration": {"status": status}}
    return made(tokens.BUCKET_VERSIONING, props=config, refers={"bucket": BUCKET})


def lifecycle(**rule: Any) -> Resource:
    return made(tokens.BUCKET_LIFECYCLE, props={"rules": [rule]}, refers={"bucket": BUCKET})


CASES = {
    "multi-az-in-production": Cases(
        good=[
            good(database(multiAz=True)),
            good(copy()),
            good(made(tokens.CACHE, props=SAFE_CACHE)),
            good(search(zoneAwarenessEnabled=True, instanceCount=3.0)),
            good(database(), environment=DEV),
        ],
        bad=[
            bad(database(multiAz=False), says="multiAz"),
            bad(made(tokens.CACHE, props={**SAFE_CACHE, "multiAzEnabled": False}), says="multiAzEnabled"),
            bad(made(tokens.CACHE, props={**SAFE_CACHE, "automaticFailoverEnabled": False}), says="automaticFailover"),
            bad(made(tokens.CACHE, props={**SAFE_CACHE, "numCacheClusters": 1.0}), says="no copy to fail over to"),
            bad(search(instanceCount=3.0), says="zoneAwarenessEnabled"),
            bad(search(zoneAwarenessEnabled=True, instanceCount=1.0), says="one node"),
        ],
    ),
    "deletion-protection-in-production": Cases(
        good=[
            good(database(deletionProtection=True, skipFinalSnapshot=False)),
            good(copy(deletionProtection=True, skipFinalSnapshot=True)),
            good(made(tokens.LOAD_BALANCER, props={"enableDeletionProtection": True})),
            good(made(tokens.CLUSTER, props={"deletionProtection": True})),
            good(database(), environment=DEV),
        ],
        bad=[
            bad(database(skipFinalSnapshot=False), says="deletionProtection"),
            bad(database(deletionProtection=True, skipFinalSnapshot=True), says="skipFinalSnapshot"),
            bad(made(tokens.LOAD_BALANCER), says="enableDeletionProtection"),
            bad(made(tokens.CLUSTER), says="deletionProtection"),
        ],
    ),
    "databases-refuse-replacement": Cases(
        good=[
            good(made(tokens.DATABASE, protect=True)),
            good(made(tokens.DATABASE, protect=True), environment=STAGING),
            good(made(tokens.DATABASE), environment=DEV),
        ],
        bad=[
            bad(made(tokens.DATABASE), says="protect is not on"),
            bad(made(tokens.DATABASE), says="protect is not on", environment=STAGING),
            bad(made(tokens.DATABASE), says="protect", environment=Environment("dev", "dev", production=True)),
        ],
    ),
    "stores-protected-in-production": Cases(
        good=[good(made(tokens.KEY, protect=True)), good(made(tokens.BUCKET), environment=DEV)],
        bad=[
            bad(made(tokens.KEY), says="protect is not on"),
            bad(made(tokens.BUCKET), says="protect is not on"),
            bad(made(tokens.SEARCH), says="protect is not on"),
        ],
    ),
    "copies-in-different-zones": Cases(
        good=[
            good(WRITER, copy(WRITER, availabilityZone="eu-central-1b")),
            good(database(multiAz=True), copy(WRITER, availabilityZone="eu-central-1b")),
        ],
        bad=[
            bad(
                WRITER, copy(WRITER, availabilityZone="eu-central-1a"), says="eu-central-1a, like its write copy writer"
            ),
            bad(WRITER, copy(availabilityZone="eu-central-1a"), says="like its write copy"),
            bad(WRITER, copy(WRITER), says="left to AWS"),
        ],
    ),
    "stores-authenticate": Cases(
        good=[
            good(database(manageMasterUserPassword=True)),
            good(database(passwordWo="example", passwordWoVersion=1.0)),
            good(copy()),
            good(made(tokens.CACHE, props={"userGroupIds": ["patchbay-dev"]})),
            good(made(tokens.SEARCH, props={"advancedSecurityOptions": {"enabled": True}})),
        ],
        bad=[
            bad(database(), says="manageMasterUserPassword"),
            bad(database(passwordWo="example"), says="passwordWoVersion"),
            bad(database(manageMasterUserPassword=True, password="example"), says="(password)"),
            bad(made(tokens.CACHE), says="no user group"),
            bad(made(tokens.SEARCH), says="advancedSecurityOptions"),
        ],
    ),
    "queues-are-not-evicted": Cases(
        good=[good(parameters("noeviction"))],
        bad=[
            bad(parameters("allkeys-lru"), says="noeviction"),
            bad(made(tokens.CACHE_PARAMETERS), says="drops queued"),
        ],
    ),
    "databases-have-windows": Cases(
        good=[
            good(
                database(maintenanceWindow="sun:03:00-sun:04:00", backupWindow="01:00-02:00", monitoringInterval=60.0)
            ),
            good(copy()),
        ],
        bad=[
            bad(database(backupWindow="01:00-02:00", monitoringInterval=60.0), says="maintenanceWindow"),
            bad(
                database(maintenanceWindow="sun:03:00-sun:04:00", backupWindow="01:00-02:00", monitoringInterval=0.0),
                says="monitoringInterval",
            ),
        ],
    ),
    "buckets-block-public-access": Cases(
        good=[good(BUCKET, access())],
        bad=[
            bad(BUCKET, says="no BucketPublicAccessBlock"),
            bad(BUCKET, access(blockPublicPolicy=False), says="blockPublicPolicy of payloads"),
        ],
    ),
    "buckets-versioned": Cases(
        good=[
            good(BUCKET, versioning("Enabled")),
            good(BUCKET, made(tokens.LOAD_BALANCER, "edge", refers={"accessLogs": BUCKET})),
        ],
        bad=[bad(BUCKET, says="not versioned"), bad(BUCKET, versioning("Suspended"), says="not versioned")],
    ),
    "logs-expire": Cases(
        good=[good(made(tokens.LOG_GROUP, props={"retentionInDays": 30.0}))],
        bad=[
            bad(made(tokens.LOG_GROUP), says="for ever"),
            bad(made(tokens.LOG_GROUP, props={"retentionInDays": 0.0}), says="for ever"),
            bad(made(tokens.LOG_GROUP, props={"retentionInDays": 3653.0}), says="3653 days, more than 400"),
        ],
    ),
    "backups-kept": Cases(
        good=[
            good(database(backupRetentionPeriod=14.0)),
            good(database(backupRetentionPeriod=1.0), environment=DEV),
            good(copy()),
        ],
        bad=[
            bad(database(), says="less than 7 days"),
            bad(database(backupRetentionPeriod=1.0), says="less than 7 days"),
            bad(database(backupRetentionPeriod=0.0), says="less than 1 days", environment=DEV),
        ],
    ),
    "objects-expire": Cases(
        good=[good(BUCKET, lifecycle(status="Enabled", expiration={"days": 30.0}))],
        bad=[
            bad(BUCKET, says="no lifecycle rule"),
            bad(BUCKET, lifecycle(status="Disabled", expiration={"days": 30.0}), says="no lifecycle rule"),
            bad(BUCKET, lifecycle(status="Enabled", expiration={"days": 3650.0}), says="3650 days"),
        ],
    ),
    "images-expire": Cases(
        good=[good(REPOSITORY, made(tokens.REPOSITORY_LIFECYCLE, refers={"repository": REPOSITORY}))],
        bad=[bad(REPOSITORY, says="every image for ever")],
    ),
    "secrets-rotate-in-production": Cases(
        good=[
            good(SECRET, made(tokens.SECRET_ROTATION, refers={"secretId": SECRET})),
            good(SECRET, environment=DEV),
            good(made(tokens.SECRET, props={"tags": {"patchbay:tenant": "example"}})),
        ],
        bad=[bad(SECRET, says="never rotated")],
    ),
}
