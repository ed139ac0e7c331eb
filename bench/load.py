"""Load: wrk if the machine has it, else a small client of our own. Each connection asks, waits, and asks again."""

import asyncio
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice, takewhile
from pathlib import Path

from bench.processes import ServerError

HOST = "127.0.0.1"
TIMEOUT_SECONDS = 60
SCRIPT = """
wrk.method = "{method}"
{headers}
local requests, nth = {{}}, 0
init = function(args)
  for line in io.lines("{questions}") do
    local path, body = line:match("(%S+) (.*)")
    requests[#requests + 1] = wrk.format(nil, path, nil, body)
  end
end
request = function()
  nth = nth % #requests + 1
  return requests[nth]
end
done = function(summary, latency, _)
  local e = summary.errors
  io.write(string.format("RESULT %d %d %d %d %d\\n", summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
"""


@dataclass(frozen=True)
class Question:
    """A path, and what is posted there, which holds no line feed; nothing for a GET."""

    path: str
    body: bytes = b""


@dataclass(frozen=True)
class Request:
    """Questions to one server, all of them with a body or none, asked in turn again and again."""

    port: int
    questions: Sequence[Question]
    token: str | None = None

    def only(self, nth: int) -> "Request":
        """One of them, again and again."""
        return replace(self, questions=[self.questions[nth]])

    @property
    def method(self) -> str:
        return "POST" if self.questions[0].body else "GET"

    @property
    def headers(self) -> dict[str, str]:
        authorization = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        return {"Content-Type": "application/json", **authorization}

    def wires(self) -> Iterator[bytes]:
        """What is sent, one after the other, without end."""
        lines = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        for each in cycle(self.questions):
            head = f"{self.method} {each.path} HTTP/1.1\r\nHost: {HOST}:{self.port}\r\n{lines}".encode()
            yield b"%bContent-Length: %d\r\n\r\n%b" % (head, len(each.body), each.body)


@dataclass(frozen=True)
class Timing:
    """What one window of load saw; latencies in milliseconds."""

    requests: int
    seconds: float
    p50: float
    p99: float

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


Generate = Callable[[Request, int, float], Timing]


def generator() -> tuple[str, Generate]:
    """The name of the load generator, and it."""
    return ("wrk", wrk) if shutil.which("wrk") else ("bench's own client", own)


def wrk(request: Request, connections: int, seconds: float) -> Timing:
    """Raises ServerError if any answer is not a success."""
    with tempfile.TemporaryDirectory() as folder:
        questions, script = Path(folder, "questions"), Path(folder, "ask.lua")
        questions.write_bytes(b"".join(b"%b %b\n" % (each.path.encode(), each.body) for each in request.questions))
        headers = "\n".join(f'wrk.headers["{name}"] = "{value}"' for name, value in request.headers.items())
        script.write_text(SCRIPT.format(questions=questions, method=request.method, headers=headers))
        url = f"http://{HOST}:{request.port}"
        command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", f"--timeout={TIMEOUT_SECONDS}s"]
        try:
            said = subprocess.run(
                [*command, "-s", str(script), url], check=True, capture_output=True, text=True, timeout=seconds + 120
            ).stdout
        except subprocess.TimeoutExpired:
            raise ServerError(f"wrk did not end asking {url}{request.questions[0].path}") from None
    line = next(line for line in said.splitlines() if line.startswith("RESULT "))
    requests, duration, p50, p99, errors = (int(number) for number in line.split()[1:])
    if errors:
        raise ServerError(f"{errors} of {requests} requests to {url}{request.questions[0].path} failed:\n{said}")
    return Timing(requests, duration / 1e6, p50 / 1e3, p99 / 1e3)


def own(request: Request, connections: int, seconds: float) -> Timing:
    """Good for some thousand requests a second; beyond that it is what is measured."""
    times: list[float] = []
    start = time.perf_counter()
    end = start + seconds
    wires = takewhile(lambda _: time.perf_counter() < end, request.wires())
    asyncio.run(_ask_all(request.port, connections, wires, times))
    elapsed = time.perf_counter() - start
    if not times:
        raise ServerError(f"no answer from port {request.port} within {seconds:.0f} seconds")
    times.sort()
    return Timing(len(times), elapsed, 1e3 * times[len(times) // 2], 1e3 * times[int(len(times) * 0.99)])


def send(port: int, connections: int, wires: Iterator[bytes]) -> None:
    """All of these, however long they take. Raises ServerError if any answer is not a success."""
    asyncio.run(_ask_all(port, connections, wires, []))


async def _ask_all(port: int, connections: int, wires: Iterator[bytes], times: list[float]) -> None:
    await asyncio.gather(*(_ask_in_turn(port, wires, times) for _ in range(connections)))


async def _ask_in_turn(port: int, wires: Iterator[bytes], times: list[float]) -> None:
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        for wire in wires:
            begin = time.perf_counter()
            writer.write(wire)
            await asyncio.wait_for(read_answer(reader), TIMEOUT_SECONDS)
            times.append(time.perf_counter() - begin)
    finally:
        writer.close()


async def read_answer(reader: asyncio.StreamReader) -> bytes:
    """The body of the next answer. Raises ServerError if it is not a success."""
    head, body = await read_response(reader)
    if not head.startswith(b"HTTP/1.1 200"):
        status = head.partition(b"\r\n")[0].decode()
        raise ServerError(f"answered {status}: {body[:500].decode(errors='replace')}")
    return body


async def read_response(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """The head and the body of the next answer, whatever it is."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
    return head, await reader.readexactly(int(length)) if length else await _chunks(reader)


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int(await reader.readline(), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readline()
    return body


async def ask(request: Request, times: int = 1) -> bytes:
    """The last body of as many requests, one after the other on one connection."""
    reader, writer = await asyncio.open_connection(HOST, request.port)
    try:
        body = b""
        for wire in islice(request.wires(), times):
            writer.write(wire)
            body = await asyncio.wait_for(read_answer(reader), TIMEOUT_SECONDS)
        return body
    finally:
        writer.close()
