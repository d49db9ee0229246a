"""What changes a group."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Final

from patchbay_standins.cluster_autoscaler.aws.clients import Clients

LOG: Final = logging.getLogger(__name__)

# AWS tells the start of an activity in whole seconds.
_CLOCK: Final = timedelta(seconds=1)


class Actions:
    def __init__(self, clients: Clients) -> None:
        self._autoscaling = clients.autoscaling

    def set_desired(self, group: str, size: int) -> None:
        LOG.info("setting desired capacity of %s to %d", group, size)
        self._autoscaling.set_desired_capacity(AutoScalingGroupName=group, DesiredCapacity=size, HonorCooldown=False)

    def terminate(self, instance: str) -> None:
        """Ends the instance, and the group wants one less."""
        LOG.info("terminating instance %s", instance)
        self._autoscaling.terminate_instance_in_auto_scaling_group(
            InstanceId=instance, ShouldDecrementDesiredCapacity=True
        )

    def failure_since(self, group: str, since: datetime) -> str | None:
        """What AWS says of the last scaling activity that failed after `since`; None when none did."""
        answer = self._autoscaling.describe_scaling_activities(AutoScalingGroupName=group)
        for activity in answer["Activities"]:
            started = activity["StartTime"]
            if (started if started.tzinfo else started.replace(tzinfo=UTC)) < since - _CLOCK:
                return None
            if activity["StatusCode"] == "Failed":
                return str(activity.get("StatusMessage") or activity.get("Description") or "the activity failed")
        return None
