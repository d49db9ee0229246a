"""Secrets that the platform makes and their holders show: `<kind>_<id>_<secret>`.

The secret is 32 random bytes. What is kept of a code is its plain SHA-256: NIST SP 800-63B, 5.1.2.2, asks for no slow
hash where a secret has 112 bits of entropy or more (https://pages.nist.gov/800-63-3/sp800-63b.html).
"""

import re
import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest
from typing import Final, Literal

ID_PATTERN: Final = r"^[0-9a-f]{24}$"
SECRET_BYTES: Final = 32

Kind = Literal["pbk", "pbi"]
"""Of API keys, and of invitations; what a scanner of repositories can find."""

_NO_DIGEST: Final = "0" * 64
_FORM: Final = re.compile(r"([a-z]{3})_([0-9a-f]{24})_[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class Code:
    """`text` is all of it, and secret."""

    id: str
    text: str = field(repr=False)

    @property
    def digest(self) -> str:
        """What is kept of it: 64 hexadecimal digits."""
        return sha256(self.text.encode()).hexdigest()

    def is_kept_as(self, digest: str | None) -> bool:
        """Whether that is what is kept of it, in constant time; None: nothing is kept under its id."""
        return compare_digest(digest or _NO_DIGEST, self.digest)


def new_id() -> str:
    """An id that nothing has."""
    return secrets.token_hex(12)


def new_code(kind: Kind) -> Code:
    """A code that nobody has."""
    code_id = new_id()
    return Code(code_id, f"{kind}_{code_id}_{secrets.token_urlsafe(SECRET_BYTES)}")


def parse_code(kind: Kind, text: str) -> Code | None:
    """The code; None for a text of another form or kind."""
    found = _FORM.fullmatch(text)
    return Code(found[2], text) if found and found[1] == kind else None
