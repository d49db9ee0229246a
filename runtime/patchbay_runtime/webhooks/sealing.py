"""Sealing of what must be had in clear again, for a column of the database."""

import os
import re
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from patchbay_runtime.settings import Settings, SettingsError, read_secret

VARIABLE: Final = "PATCHBAY_SEALING_KEY_FILE"
# How it is sealed, so that it can be sealed in another way one day.
_FORM: Final = b"\x01"
# Random nonces of 96 bits: good for 2^32 seals of each tenant's key (NIST SP 800-38D, 8.3).
_NONCE_BYTES: Final = 12
# Not among the tenants' purposes, which go on with a tenant's name.
_CHECK: Final = "patchbay check value of the sealing key"
_KEY: Final = re.compile(r"[0-9a-fA-F]{64}")


class UnsealedError(ValueError):
    """It was sealed for another tenant or flow, by another key, or has been changed."""


class Sealer:
    """Seals by AES-256-GCM, with a key for each tenant that HKDF makes of the environment's."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Raises SettingsError where there is no key to be read."""
        if (file := settings.sealing_key_file) is None:
            raise SettingsError(f"{VARIABLE}: not set; mount a file with 64 random hexadecimal digits and name it")
        text = read_secret(VARIABLE, file)
        if not _KEY.fullmatch(text):
            raise SettingsError(f"{VARIABLE}: {file} holds something else than 64 hexadecimal digits; put these there")
        return cls(bytes.fromhex(text))

    def seal(self, secret: bytes, tenant: str, flow: str) -> bytes:
        """29 bytes more than the secret; opens for this tenant and flow alone."""
        nonce = os.urandom(_NONCE_BYTES)
        return _FORM + nonce + self._cipher(tenant).encrypt(nonce, secret, _place(tenant, flow))

    def open(self, sealed: bytes, tenant: str, flow: str) -> bytes:
        """The secret. Raises UnsealedError."""
        form, nonce, text = sealed[:1], sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        if form != _FORM:
            raise UnsealedError("sealed in a form that is not known here")
        try:
            return self._cipher(tenant).decrypt(nonce, text, _place(tenant, flow))
        except (InvalidTag, ValueError) as error:
            raise UnsealedError("not sealed for this tenant and flow by this key, or changed since") from error

    @property
    def check_value(self) -> str:
        """64 hexadecimal digits by which the key is known again, and which tell nothing of it."""
        return self._derived(_CHECK).hex()

    def _cipher(self, tenant: str) -> AESGCM:
        return AESGCM(self._derived(f"patchbay webhook secrets of {tenant}"))

    def _derived(self, purpose: str) -> bytes:
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(self._key)


def _place(tenant: str, flow: str) -> bytes:
    # Names have no such character.
    return f"{tenant}/{flow}".encode()
