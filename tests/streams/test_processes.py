"""The commands as processes: a server that only answers, and a worker."""

import asyncio
import signal
from pathlib import Path

import asyncpg
import pytest

from tests.server.test_serve import command, free_port, ready, said
from tests.streams.deeds import SLOTS
from tests.streams.serving import Served

INSERT = """
INSERT INTO outbox_events (name, aggregate, aggregate_id, sequence, payload)
VALUES ('slot.changed', 'Slot', 160, $1, '{"slot_id": 160, "doctor_id": 1, "clinic_id": 1}')
"""


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_a_worker_of_its_own(clinic: str, tmp_path: Path, workers: str) -> None:
    """What it orders, servers tell; on SIGTERM both stop in order, with clients told to come again."""
    sql = await asyncpg.connect(clinic)
    worker = await command("worker", DATABASE_URL=clinic, CLINICGRAPH_DATA_DIR=str(tmp_path))
    environment = {"DATABASE_URL": clinic, "CLINICGRAPH_DATA_DIR": str(tmp_path), "CLINICGRAPH_WORKER": "separate"}
    port = free_port()
    process = await command("serve", "--port", str(port), "--workers", workers, **environment)
    served = Served(None, None, port)  # type: ignore[arg-type]
    try:
        async with served.http as http:
            await ready(http, process)
        async with served.socket() as socket, served.events(SLOTS, {"doctor": "RG9jdG9yOjE"}) as frames:
            await socket.subscribe(SLOTS, {"doctor": "RG9jdG9yOjE"})
            await frames.frame()
            await sql.execute(INSERT, 1)
            assert (await socket.next())["event"] == "slot.changed"
            assert (await frames.hear())[0] == "next"
            process.send_signal(signal.SIGTERM)
            assert await socket.closed() == (1012, "the server stops; come again")
            with pytest.raises(StopAsyncIteration):
                await frames.hear()
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        code, output = await said(process)
    assert (code, "Traceback" in output, "ERROR" in output) == (0, False, False), output
    worker.send_signal(signal.SIGTERM)
    code, output = await asyncio.wait_for(said(worker), 60)
    assert (code, "Traceback" in output) == (0, False), output
    await sql.close()


async def test_a_worker_without_a_database() -> None:
    code, output = await said(await command("worker", DATABASE_URL="postgresql://nobody@127.0.0.1:1/none"))
    assert code == 1
    assert output.strip().splitlines()[-1].startswith("Error: the database cannot be reached")
