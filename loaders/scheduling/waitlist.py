"""Questions about the waitlist."""

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Text, any_, func

from loaders.entities import WAITLIST_ENTRY, WAITLIST_OFFER
from loaders.pages import Order, Pages
from loaders.rows import RowBy, RowsBy
from models.statement import parameter

ENTRIES = WAITLIST_ENTRY.table


class WaitlistEntryById(RowBy):
    entity = WAITLIST_ENTRY


class WaitlistOfferById(RowBy):
    entity = WAITLIST_OFFER


class OffersOfEntry(RowsBy):
    entity = WAITLIST_OFFER
    column = "entry_id"


def _would_take(column: str, name: str) -> ColumnElement[bool]:
    wanted = ENTRIES.c[column]
    return (func.cardinality(wanted) == 0) | (parameter(name, BigInteger()) == any_(wanted))


class WaitlistPages(Pages):
    """Entries of the waitlist, first come first. A doctor's or clinic's are those that she or it would suit."""

    entity = WAITLIST_ENTRY
    source = ENTRIES
    conditions = {
        "statuses": lambda: ENTRIES.c.status == any_(parameter("statuses", ARRAY(Text))),
        "patient_id": lambda: ENTRIES.c.patient_id == parameter("patient_id", BigInteger()),
        "doctor_id": lambda: _would_take("doctor_ids", "doctor_id"),
        "clinic_id": lambda: _would_take("clinic_ids", "clinic_id"),
    }


BY_ARRIVAL = Order("waitlist", (ENTRIES.c.id,))
