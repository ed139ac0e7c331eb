"""Servers that die at a chosen step, by SIGKILL; to be run as a program.

Each line that it reads names one as JSON: `dsn`, `data` (a folder) and `die_at`, the number of the step or 0. It is
forked from this process, which has imported everything. Two lines answer: its `pid` and `port`, and how it has `ended`.

A step is before or after a statement of a transaction, its commit, or a call of the gateway. Their names are written to
`steps` in the folder; `clock` there says how many seconds it is after the tests' NOW. A worker's work is done when
`/work` is asked for, so that the steps are the same each time; how much there was is the answer.
"""

import gc
import json
import os
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from domain.session import Session
from gateways.payments.guarded import GuardedGateway
from gateways.payments.sandbox import deliveries
from loaders.connections import Connections
from resolvers import build_schema
from server import app
from server.database import connecting
from server.executors import executor_class
from server.payments import Payments
from server.serve import bind, uvicorn_config
from server.settings import Settings
from tests.client import viewer_of
from tests.clinic_data import NOW
from worker.chores import Desk, sweep_slots

SECRET = "a secret of at least thirty-two characters"
CALLS = ("create_session", "expire_session", "capture", "void", "refund", "fetch")
Named = Callable[..., str | None]


@dataclass
class Job:
    dsn: str
    data: str
    die_at: int
    reached: int = 0

    def clock(self) -> datetime:
        return NOW + timedelta(seconds=float((Path(self.data) / "clock").read_text()))

    def reach(self, step: str) -> None:
        self.reached += 1
        with (Path(self.data) / "steps").open("a") as steps:
            steps.write(f"{step}\n")
        if self.reached == self.die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self, owner: type, method: str, named: Named) -> None:
        """From now on what is called is a step before and a step after, unless its name is None."""
        call = getattr(owner, method)

        async def watched(its: Any, *arguments: Any, **more: Any) -> Any:
            name = named(its, *arguments)
            if name is None:
                return await call(its, *arguments, **more)
            self.reach(f"before {name}")
            answer = await call(its, *arguments, **more)
            self.reach(f"after {name}")
            return answer

        setattr(owner, method, watched)


def watch(job: Job) -> None:
    def statement(session: Session, text: str, *_: object) -> str:
        return f"{session.mutation}: {' '.join(text.split())[:70]}"

    def commit(_: object, query: str, *__: object) -> str | None:
        return query if query == "COMMIT" else None

    job.watch(Session, "run", statement)
    job.watch(asyncpg.Connection, "execute", commit)
    for call in CALLS:
        job.watch(GuardedGateway, call, lambda *_, call=call: f"gateway: {call}")


def with_work(served: ASGIApp, job: Job, payments: Payments) -> ASGIApp:
    desk = Desk(Connections(connecting(job.dsn), 2), job.dsn, job.clock)
    chores = [sweep_slots, *(chore.do for chore in payments.chores()[:2])]

    async def working(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/work":
            await served(scope, receive, send)
            return
        done = [await chore(desk) for chore in chores]
        await PlainTextResponse(str(sum(done)))(scope, receive, send)

    return working


def serve(job: Job, listening: socket.socket) -> None:
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    settings = Settings(data_dir=Path(job.data), public_url=address, secret_key=SECRET)
    payments = Payments(settings, job.clock)
    served = app.create_app(job.dsn, settings, viewer_of=viewer_of, clock=job.clock, payments=payments)
    watch(job)
    uvicorn.Server(uvicorn_config(with_work(served, job, payments))).run(sockets=[listening])


def main() -> None:
    deliveries.IDLE = 0.02  # seconds; nobody wakes it when the tests pay
    schema = build_schema(executor_class(Settings().executor))
    vars(app)["build_schema"] = lambda _: schema  # made once, for all that are forked
    gc.collect()
    gc.freeze()  # so that a collection in a child does not copy all of it
    for line in sys.stdin:
        job, listening = Job(**json.loads(line)), bind("127.0.0.1", 0)
        if not (child := os.fork()):
            try:
                serve(job, listening)
            finally:
                os._exit(1)
        print(json.dumps({"pid": child, "port": listening.getsockname()[1]}), flush=True)
        listening.close()
        _, status = os.waitpid(child, 0)
        print(json.dumps({"ended": os.waitstatus_to_exitcode(status)}), flush=True)


if __name__ == "__main__":
    main()
