"""What was found, as a table. Ids, days and numbers only."""

from collections.abc import Sequence

from rich.table import Table

from server.recount.run import Difference


def table(differences: Sequence[Difference]) -> Table:
    shown = Table("table", "where", "what", "kept", "counted")
    for each in differences:
        shown.add_row(each.table, each.place, each.what, f"{each.kept:,}", f"{each.counted:,}")
    return shown
