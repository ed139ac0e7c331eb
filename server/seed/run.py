"""The seed command's work, from drawing to the commit."""

from collections.abc import Mapping
from datetime import datetime

from server.seed import load
from server.seed.demo_password import demo_password_hash
from server.seed.moments import midnight
from server.seed.people import DEMO
from server.seed.plan import draw
from server.seed.sizes import Sizes
from server.seed.verify import verify


def silent(_what: str, _done: int, _of: int) -> None:
    """Reports nothing."""


async def seed(
    dsn: str,
    sizes: Sizes,
    *,
    seed: int,
    now: datetime,
    replace: bool = False,
    demo_password: bool = False,
    report: load.Report = silent,
) -> Mapping[str, int]:
    """Fills an empty, migrated database with demo data and says how many rows each table got.

    Equal sizes, seed and day (UTC) of `now` give equal rows. The present of the data is that day's first moment:
    nothing in it has happened later, and appointments of the day itself are under way where it is day then.
    `report` is told (table or step, rows done, rows expected) as it goes. Everything is written in one transaction;
    `replace` empties all tables in it first. With `demo_password` the demo people can sign in. Raises SeedError, in one
    line, if there is something in the way.
    """
    present = midnight(now)
    connection = await load.connect(dsn)
    try:
        async with connection.transaction():
            await load.prepare(connection, replace=replace)
            plan = draw(sizes, seed, present, report)
            written: dict[str, int] = {}
            async with load.without_counting_triggers(connection):
                for batch in plan.batches():
                    written[batch.table] = await load.copy(connection, batch, report)
                written["doctor_days"] = await load.count_doctor_days(connection)
                await load.mark_parts(connection)
            written |= await load.fill_roll_ups(connection, report)
            if demo_password:
                await load.set_password(connection, [email for _, email in DEMO.values()], demo_password_hash())
            await load.continue_ids(connection)
            await verify(connection, report)
        await load.settle(connection)
    finally:
        await connection.close()
    return written
