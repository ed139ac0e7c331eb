"""A patient's visits so far."""

from loaders.scheduling.appointments import LATEST_FIRST, AppointmentPages
from schema.context import Info
from schema.paging import After, First, ask_pages


def history(info: Info, first: First = 20, after: After = None) -> AppointmentPages:
    """Asks for the appointments whose time has begun, the latest first."""
    conditions = {"starts_before": info.context.now}
    return ask_pages(info, AppointmentPages, LATEST_FIRST, conditions, parent="patient", first=first, after=after)
