"""Cases of the rules about what watches over the account."""

from typing import Any

from patchbay_policies import tokens
from patchbay_policies.model import Resource

from tests.policy.case import DEV, Cases, bad, good, made

BUCKET = made(tokens.BUCKET, "trail")
DETECTOR = made(tokens.DETECTOR, "threats", {"enable": True})
WHOLE = {"isMultiRegionTrail": True, "enableLogFileValidation": True, "kmsKeyId": "arn:aws:kms:example:key/logs"}


def trail(**props: Any) -> Resource:
    return made(tokens.TRAIL, "trail", {**WHOLE, **props}, refers={"s3BucketName": BUCKET})


def lock(days: float) -> Resource:
    rule = {"rule": {"defaultRetention": {"mode": "GOVERNANCE", "days": days}}}
    return made(tokens.BUCKET_LOCK, "trail", rule, refers={"bucket": BUCKET})


def feature(name: str, status: str = "ENABLED", **agents: str) -> Resource:
    more = [{"name": agent, "status": state} for agent, state in agents.items()]
    props = {"name": name, "status": status, **({"additionalConfigurations": more} if more else {})}
    return made(tokens.DETECTOR_FEATURE, name, props, refers={"detectorId": DETECTOR})


def sieve(action: str) -> Resource:
    return made(tokens.DETECTOR_FILTER, "sieve", {"action": action}, refers={"detectorId": DETECTOR})


AUDIT = feature("EKS_AUDIT_LOGS")
RUNTIME = feature("RUNTIME_MONITORING", EKS_ADDON_MANAGEMENT="ENABLED", EC2_AGENT_MANAGEMENT="DISABLED")

CASES = {
    "trails-record-everything": Cases(
        good=[good(trail()), good(trail(enableLogging=True, includeGlobalServiceEvents=True))],
        bad=[
            bad(trail(isMultiRegionTrail=False), says="isMultiRegionTrail"),
            bad(trail(enableLogFileValidation=False), says="enableLogFileValidation"),
            bad(trail(enableLogging=False), says="enableLogging is off"),
            bad(trail(includeGlobalServiceEvents=False), says="includeGlobalServiceEvents is off"),
            bad(trail(kmsKeyId=None), says="kmsKeyId"),
        ],
    ),
    "trails-locked-in-production": Cases(
        good=[
            good(trail(), BUCKET, lock(90)),
            good(made(tokens.TRAIL, "elsewhere", {"s3BucketName": "example-log-archive"})),
            good(trail(), BUCKET, environment=DEV),
        ],
        bad=[
            bad(trail(), BUCKET, says="locks no file for 90 days"),
            bad(trail(), BUCKET, lock(7), says="locks no file for 90 days"),
        ],
    ),
    "threats-are-looked-for": Cases(
        good=[
            good(DETECTOR, AUDIT, RUNTIME),
            good(DETECTOR, AUDIT, RUNTIME, sieve("NOOP")),
            good(DETECTOR, environment=DEV),
        ],
        bad=[
            bad(made(tokens.DETECTOR, "threats", {"enable": False}), says="enable is off", environment=DEV),
            bad(DETECTOR, RUNTIME, says="EKS_AUDIT_LOGS"),
            bad(DETECTOR, AUDIT, says="RUNTIME_MONITORING"),
            bad(DETECTOR, AUDIT, feature("RUNTIME_MONITORING"), says="EKS_ADDON_MANAGEMENT"),
            bad(
                DETECTOR,
                AUDIT,
                feature("RUNTIME_MONITORING", EKS_ADDON_MANAGEMENT="DISABLED"),
                says="EKS_ADDON_MANAGEMENT",
            ),
            bad(DETECTOR, feature("EKS_AUDIT_LOGS", "DISABLED"), RUNTIME, says="EKS_AUDIT_LOGS"),
            bad(DETECTOR, AUDIT, RUNTIME, sieve("ARCHIVE"), says="action ARCHIVE"),
        ],
    ),
    "settings-are-recorded": Cases(
        good=[
            good(made(tokens.RECORDER, props={"recordingGroup": {"allSupported": True}})),
            good(made(tokens.RECORDER)),
            good(made(tokens.RECORDER_STATUS, props={"isEnabled": True})),
        ],
        bad=[
            bad(made(tokens.RECORDER, props={"recordingGroup": {"allSupported": False}}), says="allSupported"),
            bad(made(tokens.RECORDER_STATUS, props={"isEnabled": False}), says="isEnabled"),
        ],
    ),
}
