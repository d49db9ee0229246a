"""An OpenID provider on loopback. It signs by hand, so that tokens are not of the library that judges them."""

import base64
import json
import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

AUDIENCE = "patchbay-api"

Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


def text_of(data: bytes) -> str:
    """RFC 7515, 2: base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def part(document: Any) -> str:
    return text_of(json.dumps(document).encode())


def _number(value: int, length: int | None = None) -> str:
    return text_of(value.to_bytes(length or (value.bit_length() + 7) // 8, "big"))


class Signer:
    """A key of a provider, by its id."""

    def __init__(self, kid: str, private: Private) -> None:
        self.kid, self.private = kid, private

    @property
    def algorithm(self) -> str:
        match self.private:
            case rsa.RSAPrivateKey():
                return "RS256"
            case ec.EllipticCurvePrivateKey():
                return "ES256"
            case _:
                return "EdDSA"

    def public(self) -> dict[str, Any]:
        """RFC 7518, 6, and RFC 8037, 2."""
        match self.private:
            case rsa.RSAPrivateKey() as key:
                numbers = key.public_key().public_numbers()
                own = {"kty": "RSA", "n": _number(numbers.n), "e": _number(numbers.e)}
            case ec.EllipticCurvePrivateKey() as key:
                point = key.public_key().public_numbers()
                own = {"kty": "EC", "crv": "P-256", "x": _number(point.x, 32), "y": _number(point.y, 32)}
            case key:
                own = {"kty": "OKP", "crv": "Ed25519", "x": text_of(key.public_key().public_bytes_raw())}
        return {"kid": self.kid, "use": "sig", "alg": self.algorithm, **own}

    def sign(self, data: bytes) -> bytes:
        match self.private:
            case rsa.RSAPrivateKey() as key:
                return key.sign(data, padding.PKCS1v15(), SHA256())
            case ec.EllipticCurvePrivateKey() as key:
                r, s = decode_dss_signature(key.sign(data, ec.ECDSA(SHA256())))
                return r.to_bytes(32, "big") + s.to_bytes(32, "big")
            case key:
                return key.sign(data)

    def token(self, claims: Mapping[str, Any], **header: Any) -> str:
        """A token of these claims; what is None of the header is left out."""
        usual = {"alg": self.algorithm, "kid": self.kid, "typ": "JWT"}
        given = {name: value for name, value in {**usual, **header}.items() if value is not None}
        signed = f"{part(given)}.{part(claims)}"
        return f"{signed}.{text_of(self.sign(signed.encode()))}"


def rsa_signer(kid: str) -> Signer:
    return Signer(kid, rsa.generate_private_key(65537, 2048))


def ec_signer(kid: str) -> Signer:
    return Signer(kid, ec.generate_private_key(ec.SECP256R1()))


def ed_signer(kid: str) -> Signer:
    return Signer(kid, ed25519.Ed25519PrivateKey.generate())


class Provider:
    """`signers`: whose keys it tells; `asked`: the paths that it was asked for; `broken`: what it answers instead."""

    def __init__(self) -> None:
        self.signers = [ec_signer("first")]
        self.more_keys: list[Any] = []
        self.asked: list[str] = []
        self.broken: Callable[[str], tuple[int, bytes]] | None = None
        self.discovery: dict[str, Any] = {}
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.asked.append(self.path)
                status, body = provider.answer(self.path)
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("Location", body.decode())
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/realms/test"

    def answer(self, path: str) -> tuple[int, bytes]:
        if self.broken is not None:
            return self.broken(path)
        if path == "/realms/test/.well-known/openid-configuration":
            document = {"issuer": self.url, "jwks_uri": f"{self.url}/certs", **self.discovery}
        elif path == "/realms/test/certs":
            document = {"keys": [*(signer.public() for signer in self.signers), *self.more_keys]}
        else:
            return 404, b""
        return 200, json.dumps(document).encode()

    def claims(self, subject: str = "alice", **others: Any) -> dict[str, Any]:
        """Of a good access token; what is None is left out."""
        now = int(time.time())
        usual = {"iss": self.url, "aud": AUDIENCE, "sub": subject, "iat": now, "exp": now + 300, "typ": "Bearer"}
        return {name: value for name, value in {**usual, **others}.items() if value is not None}

    def token(self, subject: str = "alice", **others: Any) -> str:
        """A good access token, or one with other claims."""
        return self.signers[0].token(self.claims(subject, **others))

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
