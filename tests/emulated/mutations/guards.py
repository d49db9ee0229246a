"""What is done by hand to what watches over the account."""

from patchbay_operations.checks.facts import Facts

from tests.emulated.mutations.mutation import Mutation


def _stopped_trail(facts: Facts) -> None:
    facts.access.client("cloudtrail").stop_logging(Name="patchbay-production-auditing-trail")


def _no_agent(facts: Facts) -> None:
    client = facts.access.client("guardduty")
    (detector,) = client.list_detectors()["DetectorIds"]
    agent = {"Name": "EKS_ADDON_MANAGEMENT", "Status": "DISABLED"}
    feature = {"Name": "RUNTIME_MONITORING", "Status": "ENABLED", "AdditionalConfiguration": [agent]}
    client.update_detector(DetectorId=detector, Features=[feature])


GUARDS = (
    Mutation("a trail that was stopped", "production", "guards of the account", "records nothing", _stopped_trail),
    Mutation("nodes without an agent", "staging", "guards of the account", "keeps no agent", _no_agent),
)
