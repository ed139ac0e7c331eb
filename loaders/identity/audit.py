"""Questions about what was done and seen."""

from collections.abc import Mapping

from sqlalchemy import BigInteger, Text, any_, func, literal_column

from auth.scopes import Scope
from loaders.entities import ACCESS_RECORD, AUDIT_RECORD
from loaders.pages import Order, Page, Pages
from loaders.rows import RowBy
from models.base import Instant
from models.statement import parameter

RECORDS = AUDIT_RECORD.table


class AuditRecordById(RowBy):
    entity = AUDIT_RECORD


class AuditPages(Pages):
    """What was done and seen, by patient, by whom, what, and when."""

    entity = AUDIT_RECORD
    source = RECORDS
    conditions = {
        "patient_id": lambda: RECORDS.c.patient_id == parameter("patient_id", BigInteger()),
        "user_id": lambda: RECORDS.c.user_id == parameter("user_id", BigInteger()),
        "action": lambda: RECORDS.c.action == parameter("action", Text()),
        "entity": lambda: (
            parameter("entity", Text()) == any_(func.string_to_array(RECORDS.c.entity, literal_column("','")))
        ),
        "since": lambda: RECORDS.c.happened_at >= parameter("since", Instant),
        "until": lambda: RECORDS.c.happened_at < parameter("until", Instant),
    }


class AccessPages(Pages):
    """Who saw a patient's data: for the patient herself and those who may see all of the audit; None for others."""

    entity = ACCESS_RECORD
    source = RECORDS
    conditions = {}
    always = RECORDS.c.action == "read"
    parents = {"patient": lambda patient_id: RECORDS.c.patient_id == patient_id}

    async def read(self, keys: list[int]) -> Mapping[int, Page]:
        viewer = self.reads.viewer
        all_shown = self.reads.sight.everything and Scope.AUDIT_READ in viewer.scopes
        shown = keys if all_shown else [key for key in keys if key == viewer.patient_id]
        return await super().read(shown) if shown else {}


NEWEST_FIRST = Order("audit-newest", (RECORDS.c.id,), descending=True)
