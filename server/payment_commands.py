"""`reconcile`: our payments beside what the gateway knows."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta

import click
from rich.console import Console
from rich.table import Table

from gateways.payments import GatewayUnavailable
from server.clear_line import one_clear_line
from server.settings import Settings

console = Console(stderr=True, highlight=False)


@click.command(help="Compare payments with what the gateway knows, and take up what was missed; exit 1 if one differs.")
@click.option(
    "--hours",
    type=click.IntRange(1, 24 * 30),
    default=24,
    show_default=True,
    help="How far to look back; Stripe tells of 30 days.",
)
@click.pass_obj
def reconcile(settings: Settings, hours: int) -> None:
    from server import database

    with one_clear_line(), database.the_database(settings) as dsn:
        try:
            lines = asyncio.run(_reconcile(dsn, settings, timedelta(hours=hours)))
        except GatewayUnavailable as error:
            raise click.ClickException(str(error)) from error
    if lines.row_count:
        console.print(lines)
        raise SystemExit(1)
    console.print("All payments are what the gateway knows.")


async def _reconcile(dsn: str, settings: Settings, back: timedelta) -> Table:
    """A table of what differs, after what had been missed was taken up."""
    from server.database import open_pools
    from server.payments import Payments

    payments, table = Payments(settings), Table("payment", "what", "ours", "the gateway's")
    async with AsyncExitStack() as stack:
        pools = await stack.enter_async_context(open_pools(dsn))
        await stack.enter_async_context(payments.open(dsn, pools.writes))
        for found in await payments.reconcile(pools.writes, back):
            console.print(f"{found.heard} events, of which {found.taken_up} had been missed.")
            for each in found.differences:
                table.add_row(str(each.payment_id), each.what, each.ours, each.theirs)
    return table
