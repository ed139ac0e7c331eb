"""What is asked: four operations, each in the words of every runner."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
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
    """One question. `variables` are those that its GraphQL documents declare; `$now` only PostGraphile's."""

    name: str
    what: str

    @property
    def statement(self) -> Statement:
        return Statement.read(HERE / "sql" / f"{self.name}.sql")

    def document(self, dialect: str) -> str:
        """The GraphQL text in one dialect: ours, peers, postgraphile."""
        return (HERE / "queries" / dialect / f"{self.name}.graphql").read_text()


OPERATIONS: Sequence[Operation] = (
    Operation("tiny", "one doctor by id, three plain fields"),
    Operation("list", "50 doctors of a specialty with name, clinics and next 5 free slots"),
    Operation("fortnight", "a doctor's fortnight: appointments with patient, slot, clinic, payment"),
    Operation("latest", "the latest 100 appointments with patient, doctor and clinic names"),
)

Values = Mapping[str, str | int]


def declared(document: str, values: Values) -> dict[str, str | int]:
    """Those of the values that a GraphQL document declares as variables."""
    head = document[: document.index("{")]
    return {name: value for name, value in values.items() if re.search(rf"\${name}\b", head)}
