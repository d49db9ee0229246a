"""What watches over the account: a trail that records everything, threats that are looked for, settings recorded."""

from collections.abc import Iterator
from typing import Any, Final

from patchbay_policies.model import Environment, Finding, Resource, ResourceRule, Setting, Stack, StackRule
from patchbay_policies.reading import at, given, holds, items, true, undecided
from patchbay_policies.tokens import (
    BUCKET,
    BUCKET_LOCK,
    DETECTOR,
    DETECTOR_EXCEPTIONS,
    DETECTOR_FEATURE,
    DETECTOR_FILTER,
    RECORDER,
    RECORDER_STATUS,
    TRAIL,
)

_AGENT: Final = "EKS_ADDON_MANAGEMENT"


def _off(value: Any) -> bool:
    return value is False or value == "false"


def _records(trail: Resource, _: Environment) -> Iterator[str]:
    props = trail.props
    for name in ("isMultiRegionTrail", "enableLogFileValidation"):
        if not true(at(props, name)):
            yield f"{name} is not on"
    # Both are on where they are left out.
    for name in ("includeGlobalServiceEvents", "enableLogging"):
        if _off(at(props, name)):
            yield f"{name} is off"
    if not given(at(props, "kmsKeyId")):
        yield "kmsKeyId names no key of this environment"
    selectors, advanced = at(props, "eventSelectors"), at(props, "advancedEventSelectors")
    if undecided(selectors) or undecided(advanced):
        return
    chosen = [*map(_basic, items(selectors)), *map(_advanced, items(advanced))]
    if chosen and not any(chosen):
        yield "its event selectors leave calls out that read or change settings"


def _basic(selector: Any) -> bool:
    """Whether it takes in every call of management; each part does where it is left out."""
    return (
        not _off(at(selector, "includeManagementEvents"))
        and at(selector, "readWriteType") in {None, "All"}
        and not items(at(selector, "excludeManagementEventSources"))
    )


def _advanced(selector: Any) -> bool:
    fields = items(at(selector, "fieldSelectors"))
    return (
        len(fields) == 1
        and at(fields[0], "field") == "eventCategory"
        and "Management" in items(at(fields[0], "equals"))
    )


def _locked(stack: Stack, environment: Environment) -> Iterator[Finding]:
    if not environment.production:
        return
    least = environment.settings["productionDays"]
    for trail in stack.of(TRAIL):
        for bucket in stack.referenced(trail, "s3BucketName", BUCKET):
            locks = [one for one in stack.of(BUCKET_LOCK) if stack.refers(one, "bucket", bucket)]
            if not any(_days(lock, least) for lock in locks):
                yield Finding(trail, f"{bucket.name}, which it writes to, locks no file for {least:g} days")


def _days(lock: Resource, least: float) -> bool:
    retention = at(lock.props, "rule", "defaultRetention")
    if undecided(retention):
        return True
    days, years = at(retention, "days"), at(retention, "years")
    return (isinstance(days, int | float) and days >= least) or (isinstance(years, int | float) and years >= 1)


def _threats(stack: Stack, environment: Environment) -> Iterator[Finding]:
    for detector in stack.of(DETECTOR):
        if _off(at(detector.props, "enable")):
            yield Finding(detector, "enable is off")
        if not environment.production:
            continue
        features = [one for one in stack.of(DETECTOR_FEATURE) if stack.refers(one, "detectorId", detector)]
        if not any(_feature(one, "EKS_AUDIT_LOGS") for one in features):
            yield Finding(detector, "no DetectorFeature of it has EKS_AUDIT_LOGS on")
        if not any(_feature(one, "RUNTIME_MONITORING") and _agent(one) for one in features):
            yield Finding(detector, f"no DetectorFeature of it has RUNTIME_MONITORING with {_AGENT} on")
    for sieve in stack.of(DETECTOR_FILTER):
        if environment.production and at(sieve.props, "action") == "ARCHIVE":
            yield Finding(sieve, "it puts findings away before anybody is told (action ARCHIVE)")
    for trusted in stack.of(DETECTOR_EXCEPTIONS):
        if environment.production and not _off(at(trusted.props, "activate")):
            yield Finding(trusted, "it lists addresses of which nothing is ever found")


def _feature(feature: Resource, name: str) -> bool:
    return holds(at(feature.props, "name"), name) and holds(at(feature.props, "status"), "ENABLED")


def _agent(feature: Resource) -> bool:
    agents = at(feature.props, "additionalConfigurations")
    return undecided(agents) or any(
        at(one, "name") == _AGENT and at(one, "status") == "ENABLED" for one in items(agents)
    )


def _settings(resource: Resource, _: Environment) -> Iterator[str]:
    if resource.type == RECORDER_STATUS:
        if not true(at(resource.props, "isEnabled")):
            yield "isEnabled is not on"
        return
    group = at(resource.props, "recordingGroup")
    if group is not None and not true(at(group, "allSupported")):
        yield "recordingGroup.allSupported is not on, so that it records some types only"


RULES: Final = (
    ResourceRule(
        name="trails-record-everything",
        description="A trail has the management calls of all regions, encrypted, and shows whether it was changed.",
        remedy="Switch isMultiRegionTrail, includeGlobalServiceEvents, enableLogFileValidation and enableLogging on, "
        "name the environment's key, and select management events of every kind.",
        types=frozenset({TRAIL}),
        check=_records,
    ),
    StackRule(
        name="trails-locked-in-production",
        description="In production nobody deletes a trail's files for a while.",
        remedy="Add a BucketObjectLockConfiguration for its bucket, of at least this rule's setting productionDays.",
        types=frozenset({TRAIL, BUCKET, BUCKET_LOCK}),
        settings={"productionDays": Setting(90, {"type": "integer", "minimum": 1})},
        limits="A bucket that another stack made is not looked at.",
        check=_locked,
    ),
    StackRule(
        name="threats-are-looked-for",
        description="A detector is on; in production it reads the clusters' audit logs and what happens on their "
        "nodes, nothing puts its findings away, and no address is excepted.",
        remedy="Set enable; add a DetectorFeature for EKS_AUDIT_LOGS, and one for RUNTIME_MONITORING with "
        "EKS_ADDON_MANAGEMENT; archive a finding by hand; take a list of trusted addresses out.",
        types=frozenset({DETECTOR, DETECTOR_EXCEPTIONS, DETECTOR_FEATURE, DETECTOR_FILTER}),
        limits="Whether an account has a detector at all is the config's word: AWS refuses a second.",
        check=_threats,
    ),
    ResourceRule(
        name="settings-are-recorded",
        description="AWS Config records every type of resource.",
        remedy="Set recordingGroup.allSupported and isEnabled.",
        types=frozenset({RECORDER, RECORDER_STATUS}),
        check=_settings,
    ),
)
