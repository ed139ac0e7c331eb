"""What is asked, in the words of every runner that can be asked it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
IN_TURN = 500
"""The most objects that are asked for in turn, so that no request is like one before it."""

PARAMETER = re.compile(r"(?<!:):([a-z_]+)")


@dataclass(frozen=True)
class Statement:
    """Minimal SQL with parameters `:name`, as pgbench writes them; `numbered` is the same for asyncpg."""

    path: Path
    numbered: str
    names: tuple[str, ...]

    @classmethod
    def read(cls, path: Path) -> "Statement":
        text = path.read_text()
        names = tuple(dict.fromkeys(PARAMETER.findall(text)))
        return cls(path, PARAMETER.sub(lambda match: f"${names.index(match[1]) + 1}", text), names)


@dataclass(frozen=True)
class Operation:
    """One question, or one deed. `connections` are the few and the many that ask it at once.

    A deed `writes`: each request books another seat, and what was booked is removed after each window. `as_doctor`
    asks ours with the token of a doctor who has signed in instead of a service client's. `in_turn` are the most objects
    that it is asked for.
    """

    name: str
    what: str
    connections: tuple[int, int] = (1, 32)
    writes: bool = False
    as_doctor: bool = False
    in_turn: int = IN_TURN

    @property
    def statement(self) -> Statement | None:
        """The minimal SQL that answers it; None for deeds, whose statements are captured."""
        path = HERE / "sql" / f"{self.name}.sql"
        return Statement.read(path) if path.exists() else None

    def is_in(self, dialect: str | None) -> bool:
        """Whether it can be asked in a dialect; None is the hand-written endpoint."""
        return self.statement is not None if dialect is None else self._path(dialect).exists()

    def document(self, dialect: str) -> str:
        """The GraphQL text in one dialect: ours, peers, postgraphile."""
        return self._path(dialect).read_text()

    def _path(self, dialect: str) -> Path:
        return HERE / "queries" / dialect / f"{self.name}.graphql"


OPERATIONS: Sequence[Operation] = (
    Operation("tiny", "one doctor by id, three plain fields"),
    Operation("token", "the same, asked by a doctor who has signed in", as_doctor=True),
    Operation("list", "50 doctors of a specialty with name, clinics and next 5 free slots"),
    Operation("fortnight", "a doctor's fortnight: appointments with patient, slot, clinic, payment", in_turn=50),
    Operation("latest", "the latest 100 appointments with patient, doctor and clinic names"),
    Operation("search", "the first 20 free slots of a specialty within 25 km and two weeks"),
    Operation("doctor", "a doctor's dashboard: today, and the figures of four weeks"),
    Operation("clinic", "a clinic's dashboard: today, the figures of four weeks, its busiest doctors"),
    Operation("admin", "the administrator's totals over a year: ours from roll-ups, the others from the raw tables"),
    Operation("booking", "a booking, each of another slot and patient", writes=True),
    Operation("contended", "50 clients, each for another patient, after one slot", connections=(1, 50), writes=True),
)

COMPARED = "the rest of the administrator's dashboard over a year: all tops, the load, what happened last"
GROWN: Sequence[Operation] = (
    *(each for each in OPERATIONS if each.name not in ("token", "contended")),
    Operation("compared", COMPARED),
)
"""What `growth` asks."""

Value = str | int | float
Values = Mapping[str, Value]


def declared(document: str, values: Values) -> dict[str, Value]:
    """Those of the values that a GraphQL document declares as variables."""
    head = document[: document.index("{")]
    return {name: value for name, value in values.items() if re.search(rf"\${name}\b", head)}
