"""What is to be backed up bears this tag, and which plan's it is."""

from typing import Final

KEY: Final = "patchbay:backup"
DAILY: Final = "daily"
