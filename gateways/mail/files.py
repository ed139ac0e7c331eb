"""Mails as files, for development: nothing leaves the machine."""

import asyncio
import os
from pathlib import Path
from time import time_ns

from gateways.mail import Mail

SENDER = "Clinicgraph <clinicgraph@localhost>"


class FileMail:
    """Writes each mail to a file of its own, readable by the owner only; names are in the order of sending."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, mail: Mail) -> None:
        """See `MailGateway`."""
        await asyncio.to_thread(self._write, bytes(mail.message(SENDER)))

    def _write(self, content: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(self._folder / f"{time_ns()}-{os.getpid()}.eml", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(file, "wb") as opened:
            opened.write(content)
