"""What one request, or one tenant, may take of what tenants share."""

from typing import Annotated

from patchbay_config.model import Model
from pydantic import Field

Processes = Annotated[int, Field(ge=1, le=10_000_000)]


class LimitsConfig(Model):
    """`run_processes`: of one run, from start to end. `open_processes`: of a tenant at one time, waiting or running."""

    run_processes: Processes = 100_000
    open_processes: Processes = 100_000

    @property
    def variables(self) -> dict[str, str]:
        """For the API's and the workers' pods."""
        return {
            "PATCHBAY_MOST_RUN_PROCESSES": str(self.run_processes),
            "PATCHBAY_MOST_OPEN_PROCESSES": str(self.open_processes),
        }
