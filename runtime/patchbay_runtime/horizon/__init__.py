"""The queue's state in the JSON of Laravel Horizon, which dashboards and the JSON exporter read."""

from patchbay_runtime.horizon.router import horizon_router

__all__ = ["horizon_router"]
