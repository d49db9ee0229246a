"""The times that no configuration tells, and the file that a calibration writes them to."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from patchbay_operations.inputs import Input, read_yaml, validated


class Timing(Input):
    """In seconds. Without a calibration these are assumptions of an EKS cluster whose nodes have the image.

    `metric_delay`: from a count's change to the metric, beyond the wait for the next scrape. `pod_start`: from a pod's
    placement to its readiness. `node_start`: from the request for a node until pods start on it.
    """

    metric_delay_seconds: Annotated[float, Field(ge=0, le=600)] = 0.5
    pod_start_seconds: Annotated[float, Field(ge=0, le=3600)] = 5
    node_start_seconds: Annotated[float, Field(ge=0, le=7200)] = 90


class CalibrationFile(Input):
    """What a calibration found. `measured_in`: the report; `fitted`: the times that it could tell, the others assumed.

    `error_pods`: mean absolute difference of simulated and measured ready pods.
    """

    measured_in: str
    fitted: tuple[str, ...]
    error_pods: float
    timing: Timing


def load_timing(path: Path | None) -> Timing:
    """The calibration file's times, or the assumptions."""
    return Timing() if path is None else validated(CalibrationFile, read_yaml(path), source=str(path)).timing
