"""The base of what a plan and a calibration are kept as."""

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """A part of a plan, a calibration, or a load test's files; keys that are not named here are passed over."""

    model_config = ConfigDict(frozen=True)
