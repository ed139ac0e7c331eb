"""The table of steps in words, for `docs/scheduling.md`."""

from collections.abc import Set
from datetime import timedelta
from enum import StrEnum

from domain.scheduling.lengths import in_words
from domain.scheduling.steps import RULES, Actor, Anchor, Moment, Rule, Unpaid
from models.enums import AppointmentStatus

HEAD = """\
# The steps of an appointment

Printed from the table in `domain/scheduling/steps.py`; `UPDATE_GOLDEN=1 make test` prints it again. PATIENT and DOCTOR
are the appointment's own, STAFF and MANAGER those of its clinic, SERVICE is a client without a user, SERVER is
Clinicgraph itself (a captured payment confirms, an unpaid booking lapses). A step that more than one row allows is
allowed. "From" is included, "before" is not; empty is no limit. What a clinic's policy adds (notice, limits, fees) is
in `domain/scheduling/policy.py`. CANCELLED and DECLINED free the seat; all other states keep it.

"""
COLUMNS = ("step", "from", "to", "who", "from when", "before when", "reason", "while unpaid")


def document() -> str:
    rows = [COLUMNS, *(_row(rule) for rule in RULES)]
    widths = [max(len(row[n]) for row in rows) for n in range(len(COLUMNS))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return HEAD + "\n".join(lines) + "\n"


def _row(rule: Rule) -> tuple[str, ...]:
    return (
        rule.step,
        _listed(AppointmentStatus, rule.since),
        rule.to or "as the policy says",
        _listed(Actor, rule.who),
        _said(rule.earliest),
        _said(rule.latest),
        "needed" if rule.needs_reason else "",
        "" if rule.unpaid is Unpaid.ALLOWED else rule.unpaid,
    )


def _listed(kind: type[StrEnum], chosen: Set[StrEnum]) -> str:
    return ", ".join(member for member in kind if member in chosen)


def _said(moment: Moment | None) -> str:
    if moment is None:
        return ""
    anchor = "the end of the local day" if moment.anchor is Anchor.DAY_END else f"the {moment.anchor}"
    if not moment.after:
        return anchor
    return f"{in_words(abs(moment.after))} {'after' if moment.after > timedelta() else 'before'} {anchor}"
