"""Finding what was done and seen."""

import strawberry

from schema.directives import requires
from schema.fields import relation
from schema.identity.audit import AuditRecord, ask_audit
from schema.paging import Connection


@strawberry.type
class AuditQueries:
    audit_log: Connection[AuditRecord] | None = relation(
        ask_audit, None, "Who did and saw what, the newest first.", guard=requires("audit:read")
    )
