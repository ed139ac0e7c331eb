"""What signing in costs: the page, the password, the code, the token, and a new token, each measured apart.

Everybody signs in once. At most four do at once: a fifth password under way from one address would be refused.
"""

import asyncio
import html
import re
import tempfile
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import asyncpg
import orjson
from rich.console import Console
from rich.table import Table

from auth.passwords import hash_password
from bench.alone import alone
from bench.database import run
from bench.load import HOST, read_response
from bench.processes import ServerError
from bench.report import figures, percentile
from bench.seeded import seeded

CLIENT, CALLBACK, SCOPES = "bench-sign-in", "https://bench.example/callback", "appointment:read patient:read"
PASSWORD = "a password for the bench"
VERIFIER = "a-verifier-that-is-long-enough-for-the-specification"
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
AUTHORIZE = "/oauth/authorize?" + urlencode(
    {
        "response_type": "code",
        "client_id": CLIENT,
        "redirect_uri": CALLBACK,
        "scope": SCOPES,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
)
CONNECTIONS = (1, 4)
WARM = 10
MAKE = """
WITH client AS (
  INSERT INTO oauth_clients (id, name, redirect_uris, grant_types, scopes)
  VALUES ($3, 'Bench', ARRAY[$4], '{authorization_code,refresh_token}', string_to_array($5, ' ')) RETURNING id, scopes
), made AS (
  INSERT INTO users (name, email, password_hash)
  SELECT 'Bench ' || n, 'bench-' || n || '@example.org', $1 FROM generate_series(1, $2::int) n RETURNING id
), roles AS (
  INSERT INTO user_roles (user_id, role) SELECT id, 'PATIENT' FROM made
)
INSERT INTO oauth_consents (user_id, client_id, scopes, granted_at)
SELECT made.id, client.id, client.scopes, now() FROM made, client
"""
PEOPLE = "SELECT id FROM users WHERE email LIKE 'bench-%@example.org'"
REMOVE = f"""
DELETE FROM authorization_codes WHERE client_id = '{CLIENT}';
DELETE FROM token_families WHERE client_id = '{CLIENT}';
DELETE FROM oauth_consents WHERE client_id = '{CLIENT}';
DELETE FROM oauth_clients WHERE id = '{CLIENT}';
DELETE FROM browser_sessions WHERE user_id IN ({PEOPLE});
DELETE FROM user_roles WHERE user_id IN ({PEOPLE});
DELETE FROM users WHERE email LIKE 'bench-%@example.org';
DELETE FROM sign_in_attempts WHERE address = '{HOST}';
"""


@dataclass(frozen=True)
class Answer:
    """An answer's status, its head as text, and its body."""

    status: int
    head: str
    body: bytes


@dataclass
class Visitor:
    """Somebody with an account, and what her browser and her application keep from one step to the next."""

    email: str
    cookies: dict[str, str] = field(default_factory=dict)
    form_token: str = ""
    code: str = ""
    refresh_token: str = ""

    def asks(self, port: int, path: str, form: Mapping[str, str] | None = None) -> bytes:
        """A request of hers: a form that is posted, or a page."""
        body = urlencode(form or {})
        lines = [
            f"{'GET' if form is None else 'POST'} {path} HTTP/1.1",
            f"Host: {HOST}:{port}",
            f"Origin: http://{HOST}:{port}",
            f"Cookie: {'; '.join(f'{name}={value}' for name, value in self.cookies.items())}",
            "Content-Type: application/x-www-form-urlencoded",
            f"Content-Length: {len(body)}",
        ]
        return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()

    def keeps(self, answer: Answer) -> None:
        """Raises ServerError unless it is what lets her go on."""
        said = answer.body.decode()
        self.cookies |= dict(re.findall(r"(?mi)^set-cookie: (\w+)=([^;\r]*)", answer.head))
        location = re.search(r"(?mi)^location: (\S+)", answer.head)
        if answer.status == 303 and location is not None:
            self.code = parse_qs(urlsplit(location[1]).query).get("code", [""])[0]
        elif answer.status == 200 and said.startswith("{"):
            self.refresh_token = orjson.loads(said)["refresh_token"]
        elif answer.status == 200 and (token := re.search(r'name="form_token" value="([^"]*)"', said)):
            self.form_token = html.unescape(token[1])
        else:
            raise ServerError(f"{self.email} is answered with {answer.status}: {said[:500]}")


Ask = Callable[[Visitor, int], bytes]


def page(visitor: Visitor, port: int) -> bytes:
    return visitor.asks(port, f"/oauth/sign-in?{urlencode({'next': AUTHORIZE})}")


def password(visitor: Visitor, port: int) -> bytes:
    fields = {"form_token": visitor.form_token, "next": AUTHORIZE, "email": visitor.email, "password": PASSWORD}
    return visitor.asks(port, "/oauth/sign-in", fields)


def code(visitor: Visitor, port: int) -> bytes:
    return visitor.asks(port, AUTHORIZE)


def token(visitor: Visitor, port: int) -> bytes:
    fields = {"code": visitor.code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    return visitor.asks(port, "/oauth/token", {"grant_type": "authorization_code", "client_id": CLIENT, **fields})


def refresh(visitor: Visitor, port: int) -> bytes:
    fields = {"grant_type": "refresh_token", "client_id": CLIENT, "refresh_token": visitor.refresh_token}
    return visitor.asks(port, "/oauth/token", fields)


STEPS: Mapping[str, Ask] = {
    "the sign-in page": page,
    "the password (argon2id)": password,
    "a code (authorize)": code,
    "a token for the code": token,
    "a token by refresh token": refresh,
}


@dataclass(frozen=True)
class Taken:
    """A step, taken by everybody: sorted milliseconds, seconds for all, the server's CPU milliseconds for each."""

    times: Sequence[float]
    seconds: float
    cpu_ms: float


def measure_sign_in(people: int, size: float, console: Console) -> None:
    """Prints a table. Raises ServerError if somebody cannot sign in."""
    with ExitStack() as stack:
        place = stack.enter_context(seeded(size, console))
        stack.enter_context(_accounts(place.dsn, WARM + people * len(CONNECTIONS)))
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="clinicgraph-bench-")))
        ours = stack.enter_context(alone(place, logs, ()))
        found: dict[tuple[str, int], Taken] = {}
        warm = _visitors(0, WARM)
        with console.status("Signing in …"):
            for ask in STEPS.values():
                asyncio.run(_all(ours.port, 1, warm, ask))
            for nth, connections in enumerate(CONNECTIONS):
                visitors = _visitors(WARM + nth * people, people)
                for name, ask in STEPS.items():
                    before, start = ours.server.cpu_seconds(), time.perf_counter()
                    times = asyncio.run(_all(ours.port, connections, visitors, ask))
                    seconds, used = time.perf_counter() - start, ours.server.cpu_seconds() - before
                    found[name, connections] = Taken(sorted(times), seconds, 1e3 * used / people)
    Console(width=None if console.is_terminal else 120).print(_table(found, people))


def _visitors(after: int, count: int) -> list[Visitor]:
    return [Visitor(f"bench-{nth}@example.org") for nth in range(after + 1, after + count + 1)]


@contextmanager
def _accounts(dsn: str, people: int) -> Iterator[None]:
    """So many people with a password who have allowed the bench's client what it asks; gone afterwards."""

    async def make() -> None:
        sql = await asyncpg.connect(dsn)
        try:
            await sql.execute(REMOVE)  # what a run that was broken off may have left
            await sql.execute(MAKE, await hash_password(PASSWORD), people, CLIENT, CALLBACK, SCOPES)
        finally:
            await sql.close()

    asyncio.run(make())
    try:
        yield
    finally:
        asyncio.run(run(dsn, REMOVE))


async def _all(port: int, connections: int, visitors: Sequence[Visitor], ask: Ask) -> list[float]:
    """A step of everybody, on so many connections; milliseconds."""
    times: list[float] = []
    waiting = iter(visitors)

    async def in_turn() -> None:
        reader, writer = await asyncio.open_connection(HOST, port)
        try:
            for visitor in waiting:
                start = time.perf_counter()
                writer.write(ask(visitor, port))
                head, body = await read_response(reader)
                times.append(1e3 * (time.perf_counter() - start))
                visitor.keeps(Answer(int(head.split()[1]), head.decode(), body))
        finally:
            writer.close()

    await asyncio.gather(*(in_turn() for _ in range(connections)))
    return times


def _table(found: Mapping[tuple[str, int], Taken], people: int) -> Table:
    table = Table("step", title=f"{people} people sign in, each once, step by step", title_justify="left")
    for connections in CONNECTIONS:
        for what in ("a second", "p50 ms", "p99 ms", "CPU ms each"):
            table.add_column(f"{what}\n{connections} conn.", justify="right")
    for name in STEPS:
        taken = [found[name, connections] for connections in CONNECTIONS]
        table.add_row(name, *(figures(value) for each in taken for value in _figures(each, people)))
    first_token = list(STEPS)[:-1]
    sums = [sum(found[name, connections].cpu_ms for name in first_token) for connections in CONNECTIONS]
    table.add_row("all until the first token", *(cell for each in sums for cell in ("", "", "", figures(each))))
    return table


def _figures(taken: Taken, people: int) -> tuple[float, float, float, float]:
    return people / taken.seconds, percentile(taken.times, 0.5), percentile(taken.times, 0.99), taken.cpu_ms
