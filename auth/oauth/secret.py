"""The one secret of an installation, and the keys derived from it."""

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SHORTEST = 32  # characters
NONCE = 12


class SecretError(Exception):
    """The secret cannot be used, or is not the one with which something was sealed."""


def new_token() -> str:
    """256 random bits, safe in an address and in a cookie."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> bytes:
    """How a random token is stored. Too random to be guessed, it needs neither salt nor slowness."""
    return hashlib.sha256(token.encode()).digest()


@dataclass(frozen=True)
class Secret:
    """`CLINICGRAPH_SECRET_KEY`. Each purpose has its own key, so that what is made for one is worthless for another."""

    value: str = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.value) < SHORTEST:
            raise SecretError(f"CLINICGRAPH_SECRET_KEY is too short: at least {SHORTEST} random characters")

    def mac(self, purpose: str, *parts: str) -> bytes:
        """A keyed hash of `parts`, which are told apart."""
        message = b"".join(len(part.encode()).to_bytes(8, "big") + part.encode() for part in parts)
        return hmac.digest(_derived(self.value, purpose), message, "sha256")

    def seal(self, purpose: str, context: str, plain: bytes) -> bytes:
        """Encrypts; only `open` with the same purpose and context gets it back."""
        nonce = os.urandom(NONCE)
        return nonce + AESGCM(_derived(self.value, purpose)).encrypt(nonce, plain, context.encode())

    def open(self, purpose: str, context: str, sealed: bytes) -> bytes:
        """Raises SecretError if this is not the secret it was sealed with."""
        try:
            return AESGCM(_derived(self.value, purpose)).decrypt(sealed[:NONCE], sealed[NONCE:], context.encode())
        except InvalidTag:
            raise SecretError("CLINICGRAPH_SECRET_KEY is not the one that the database was written with") from None


@lru_cache(maxsize=64)
def _derived(value: str, purpose: str) -> bytes:
    return HKDF(hashes.SHA256(), length=32, salt=None, info=f"clinicgraph {purpose}".encode()).derive(value.encode())


def secret_in(folder: Path) -> Secret:
    """The secret of a development installation, made at the first call; processes that ask at once get the same."""
    file = folder / "secret.key"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / f"secret.key.{os.getpid()}.{secrets.token_hex(4)}"
        draft.touch(mode=0o600)
        draft.write_text(new_token())
        try:
            file.hardlink_to(draft)  # unlike a rename, fails if another process was first
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return Secret(file.read_text())
