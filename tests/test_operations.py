"""The corpus: every operation as somebody, with its golden answer and the statements it may take.

A `.graphql` file of `tests/operations` begins with its header:

    # as: patient, doctor     of tests.client.VIEWERS, each with an answer of her own
    # statements: 4           at most, however many rows there are and whichever answer comes first: levels of one
                              loader that meet share a statement, and may miss each other
    # variables: {"a": 1}     optional, JSON on one line

and has its answers over three rows beside it, in `<name>.<viewer>.json`. `UPDATE_GOLDEN=1 make test` writes the
answers: read the difference before you commit it.
"""

import json
import os
import re
from pathlib import Path

import pytest

from server.settings import ExecutorName
from tests.client import Client

OPERATIONS = Path(__file__).parent / "operations"
FILES = sorted(OPERATIONS.rglob("*.graphql"))


def headers(text: str) -> dict[str, str]:
    return dict(re.findall(r"^# (as|statements|variables): (.*)$", text, re.MULTILINE))


def viewers(file: Path) -> list[str]:
    """As whom an operation is asked."""
    return headers(file.read_text())["as"].split(", ")


def golden_of(file: Path, viewer: str) -> Path:
    return file.with_suffix(f".{viewer.replace(' ', '_')}.json")


@pytest.mark.parametrize("executor", list(ExecutorName), ids=str)
@pytest.mark.parametrize(
    ("file", "viewer"),
    [
        pytest.param(file, viewer, id=f"{file.relative_to(OPERATIONS)} as {viewer}")
        for file in FILES
        for viewer in viewers(file)
    ],
)
async def test_operation(file: Path, viewer: str, executor: ExecutorName, clinic_database: tuple[str, int]) -> None:
    dsn, rows = clinic_database
    text = file.read_text()
    header = headers(text)
    async with Client.of(dsn, executor) as client:
        answer = await client.ask(text, json.loads(header.get("variables", "{}")), viewer=viewer)
    if executor is ExecutorName.BREADTH_FIRST:  # graphql-core's does not look within rows
        assert answer.statements <= int(header["statements"])
    # Which of several errors comes first is the executor's affair.
    answer.body.get("errors", []).sort(key=lambda error: [str(part) for part in error.get("path", [])])
    golden = golden_of(file, viewer)
    if rows != 3:
        assert "errors" not in answer.body or "errors" in json.loads(golden.read_text())
        return
    if os.environ.get("UPDATE_GOLDEN") and executor is ExecutorName.GRAPHQL_CORE:
        golden.write_text(json.dumps(answer.body, indent=2, ensure_ascii=False) + "\n")
    # As text, so that the order of fields counts too.
    assert json.dumps(answer.body, indent=2, ensure_ascii=False) + "\n" == golden.read_text()


def test_every_answer_has_its_operation() -> None:
    asked = {golden_of(file, viewer) for file in FILES for viewer in viewers(file)}
    assert set(OPERATIONS.rglob("*.json")) == asked
