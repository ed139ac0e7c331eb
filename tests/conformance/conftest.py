"""How patient the pages' tests are: five seconds, as Playwright has it, are too few on a machine with other work."""

import playwright.async_api
import playwright.sync_api

PATIENCE = 30_000.0  # milliseconds, as for everything else that Playwright waits for

playwright.async_api.expect.set_options(timeout=PATIENCE)
playwright.sync_api.expect.set_options(timeout=PATIENCE)
