"""The password of the five demo people. Everybody knows it, so it is for development only."""

from functools import cache

from argon2.low_level import Type, hash_secret

from auth.passwords import FULL_WORK

DEMO_PASSWORD = "clinicgraph-demo"  # noqa: S105 - meant to be known
_SALT = b"clinicgraph demo"  # always the same, so that equal arguments give equal rows


@cache
def demo_password_hash() -> str:
    """One hash for all five: by it a production server recognises them."""
    return hash_secret(
        DEMO_PASSWORD.encode(), _SALT, FULL_WORK.passes, FULL_WORK.memory, FULL_WORK.lanes, 32, Type.ID
    ).decode()
