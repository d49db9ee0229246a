"""API keys as their holders have them: `pbk_<id>_<secret>`.

The secret is 32 random bytes. What is kept of a key is its plain SHA-256: NIST SP 800-63B, 5.1.2.2, asks for no slow
hash where a secret has 112 bits of entropy or more (https://pages.nist.gov/800-63-3/sp800-63b.html).
"""

import re
import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

ID_PATTERN: Final = r"^[0-9a-f]{24}$"
SECRET_BYTES: Final = 32

_FORM: Final = re.compile(r"pbk_([0-9a-f]{24})_[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class ApiKey:
    """A key; `text` is all of it, and secret."""

    id: str
    text: str = field(repr=False)

    @property
    def digest(self) -> str:
        """What is kept of it: 64 hexadecimal digits."""
        return sha256(self.text.encode()).hexdigest()


def new_key() -> ApiKey:
    """A key that nobody has."""
    key_id = secrets.token_hex(12)
    return ApiKey(key_id, f"pbk_{key_id}_{secrets.token_urlsafe(SECRET_BYTES)}")


def parse_key(text: str) -> ApiKey | None:
    """The key; None for a text of another form."""
    found = _FORM.fullmatch(text)
    return ApiKey(found[1], text) if found else None
