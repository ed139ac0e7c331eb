"""Passwords: argon2id, with the same work for everybody."""

import asyncio
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from secrets import token_hex

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST, LONGEST = 12, 256

# Bounded, because each hash under way takes 64 MiB.
_THREADS = ThreadPoolExecutor(max_workers=4, thread_name_prefix="argon2")


@dataclass(frozen=True)
class Work:
    """What one hash costs. The default is RFC 9106's second recommendation, about 50 ms; memory is in KiB."""

    passes: int = 3
    memory: int = 65_536
    lanes: int = 4


FULL_WORK = Work()


class PasswordRefused(Exception):
    """A new password that is not accepted; the message says why, to the person who chose it."""


@dataclass(frozen=True)
class Verdict:
    """Whether a password is right, and the hash to store instead if the parameters have changed since."""

    matches: bool
    rehashed: str | None = None


def check_new_password(password: str, email: str) -> None:
    """Raises PasswordRefused. Length counts and nothing else does, except that the address is no secret."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise PasswordRefused(f"A password has {SHORTEST} to {LONGEST} characters.")
    if password.casefold() in (email.casefold(), email.casefold().partition("@")[0]):
        raise PasswordRefused("The password must not be the email address.")
    if len(set(password)) < 5:
        raise PasswordRefused("The password repeats too few characters.")


async def hash_password(password: str, work: Work = FULL_WORK) -> str:
    return await asyncio.get_running_loop().run_in_executor(_THREADS, _hasher(work).hash, _normal(password))


async def check_password(stored: str | None, password: str, work: Work = FULL_WORK) -> Verdict:
    """Compares; takes as long when there is nothing to compare with."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, _check, stored, password, work)


def prepare(work: Work) -> None:
    """Does beforehand what the first sign-in would wait for, and by waiting tell from the second."""
    _nobody(work)


def _check(stored: str | None, password: str, work: Work) -> Verdict:
    hasher = _hasher(work)
    if len(password) > LONGEST:
        stored, password = None, ""
    try:
        hasher.verify(stored or _nobody(work), _normal(password))
    except (VerificationError, InvalidHashError):
        return Verdict(matches=False)
    if stored is None:
        return Verdict(matches=False)
    return Verdict(matches=True, rehashed=hasher.hash(_normal(password)) if hasher.check_needs_rehash(stored) else None)


@lru_cache(maxsize=4)
def _hasher(work: Work) -> PasswordHasher:
    return PasswordHasher(time_cost=work.passes, memory_cost=work.memory, parallelism=work.lanes)


@lru_cache(maxsize=4)
def _nobody(work: Work) -> str:
    """The hash of a password that nobody has, verified for whoever has none, so that she costs the same time."""
    return _hasher(work).hash(token_hex(32))


def _normal(password: str) -> str:
    """The same characters typed on another keyboard are the same password."""
    return unicodedata.normalize("NFKC", password)
