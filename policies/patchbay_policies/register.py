"""The environments that are not production, and the account of each: kept with the rules, and reviewed with them.

What is not listed is production, whatever its own config says. Accounts are examples: put your own in their place.
"""

from collections.abc import Mapping
from typing import Final

NOT_PRODUCTION: Final[Mapping[str, str]] = {
    "local": "000000000000",
    "dev": "444455556666",
    "staging": "777788889999",
}

# Other accounts and organisations that resources may be opened to, and what for, such as the one that keeps backups.
TRUSTED: Final[Mapping[str, str]] = {}
