"""Questions about what doctors have shown."""

from sqlalchemy import ColumnElement, Date, Integer, Text, cast, func

from auth.visibility import NOW
from loaders.entities import CREDENTIAL
from loaders.pages import Order, Pages
from loaders.rows import RowBy, RowsBy
from models.statement import parameter

CREDENTIALS = CREDENTIAL.table


class CredentialById(RowBy):
    entity = CREDENTIAL


class CredentialsOfDoctor(RowsBy):
    """First to last, as far as the viewer may see them."""

    entity = CREDENTIAL
    column = "doctor_id"


def _expires_within() -> ColumnElement[bool]:
    today = cast(func.timezone("UTC", NOW), Date)
    last = today + parameter("within", Integer())
    return (CREDENTIALS.c.expires_on > today) & (CREDENTIALS.c.expires_on <= last)


class CredentialPages(Pages):
    """Approved credentials that expire within so many days from today (UTC)."""

    entity = CREDENTIAL
    source = CREDENTIALS
    always = CREDENTIALS.c.status == "APPROVED"
    conditions = {"within": _expires_within}


BY_EXPIRY = Order(
    "credentials-expiry", (func.to_char(CREDENTIALS.c.expires_on, "YYYY-MM-DD", type_=Text()), CREDENTIALS.c.id)
)
