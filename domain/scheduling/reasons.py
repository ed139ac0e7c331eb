"""What somebody gives as her reason."""

from domain.refusal import Invalid

LONGEST_REASON = 2_000


def check_reason(reason: str | None) -> None:
    """Raises Invalid for more than 2,000 characters."""
    if reason is not None and len(reason) > LONGEST_REASON:
        raise Invalid({"reason": f"a reason has at most {LONGEST_REASON:,} characters"})
