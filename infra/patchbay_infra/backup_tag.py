"""What is to be backed up bears this tag, and which plan's it is."""

from collections.abc import Mapping
from typing import Final

from patchbay_infra.context import Context

KEY: Final = "patchbay:backup"
DAILY: Final = "daily"


def selecting(context: Context) -> Mapping[str, str]:
    """The tags that the environment's plan takes databases in by, all of them."""
    return {"patchbay:environment": context.environment, KEY: DAILY}
