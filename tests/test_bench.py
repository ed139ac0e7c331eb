"""The parts of the bench that measure nothing: what it asks, and what it makes of what it hears."""

from itertools import islice

import pytest

from bench.asked import Asked, values_of
from bench.captured import Logged, read_log, script_of
from bench.database import Clinic
from bench.load import Question, Request
from bench.memory import MIX, in_turn
from bench.operations import OPERATIONS, Operation, declared
from bench.pgbench import nth_of
from bench.processes import ServerError
from bench.report import figures
from bench.runners import RUNNERS
from bench.shapes import common_shape, global_id, size
from bench.sign_in import Answer, Visitor
from tests.clinic_data import NOW

LOG = """2026-06-15 12:00:00.123 UTC [17] LOG:  statement: BEGIN;
2026-06-15 12:00:00.124 UTC [17] LOG:  execute __asyncpg_stmt_1__: INSERT INTO appointments
\t(slot_id, reason, pay_by) VALUES ($1, $2, $3) RETURNING appointment_id
2026-06-15 12:00:00.124 UTC [17] DETAIL:  Parameters: $1 = '5', $2 = 'it''s $1', $3 = NULL
2026-06-15 12:00:00.125 UTC [18] LOG:  statement: SELECT 1
2026-06-15 12:00:00.125 UTC [18] LOG:  statement: SELECT pg_sleep(0.3)
"""
FIRST = [Logged("A $1 $2 nextval('appointments_id_seq')", ("5", "cough")), Logged("B $1 $2", ("77", '{"id":77}'))]
SECOND = [Logged("A $1 $2 nextval('appointments_id_seq')", ("6", "cough")), Logged("B $1 $2", ("78", '{"id":78}'))]
KNOWN = [(":slot", "5", "6"), (":made_next_appointment_id", "77", "78")]


def test_statements_are_read_from_the_log_of_postgresql() -> None:
    insert = "INSERT INTO appointments\n(slot_id, reason, pay_by) VALUES ($1, $2, $3) RETURNING appointment_id"
    assert read_log(LOG) == [Logged("BEGIN"), Logged(insert, ("5", "it's $1", None))]


def test_what_differs_between_two_bookings_is_given_to_each() -> None:
    script = script_of(FIRST, SECOND, KNOWN)
    told = "regexp_replace(:c1::text, '\\m77\\M', :made_next_appointment_id::text, 'g')"
    assert script.text.endswith(
        f"A :slot :c0 nextval('appointments_id_seq') \\gset made_\nB :made_next_appointment_id {told};\n"
    )
    assert script.constants == {"c0": "cough", "c1": '{"id":77}'}


def test_null_is_written_into_the_statement() -> None:
    nothing = [Logged("A $1", (None,))]
    assert "A NULL;\n" in script_of(nothing, nothing, []).text


@pytest.mark.parametrize("other", [[Logged("C")], [Logged("A $1", ("1",))]])
def test_bookings_that_run_differently_are_no_script(other: list[Logged]) -> None:
    with pytest.raises(ServerError):
        script_of([Logged("A $1", (None,))], other, [])


def test_bodies_are_sent_in_turn_and_with_the_token() -> None:
    first, second, third = islice(
        Request(80, [Question("/graphql", b"one"), Question("/graphql", b"other")], "secret").wires(), 3
    )
    assert first == third
    assert first.startswith(b"POST /graphql HTTP/1.1\r\n")
    assert b"\r\nAuthorization: Bearer secret\r\n" in first
    assert first.endswith(b"Content-Length: 3\r\n\r\none")
    assert second.endswith(b"Content-Length: 5\r\n\r\nother")


def test_without_bodies_it_is_a_get() -> None:
    assert next(Request(80, [Question("/tiny")]).wires()).startswith(b"GET /tiny HTTP/1.1\r\n")


def test_answers_have_one_shape() -> None:
    ours = {
        "slots": {"edges": [{"node": {"id": global_id("Slot", 7), "start": "2026-06-15T14:00:00+02:00"}}]},
        "payment": {"amount": {"amount": 5, "currency": "EUR"}},
    }
    theirs = {
        "payment": [{"amount": "5", "currency": "EUR"}],
        "slots": [{"id": 7, "start": "2026-06-15T12:00:00Z"}],
    }
    assert common_shape(ours) == common_shape(theirs)
    assert size(common_shape(ours)) == 4
    assert common_shape({"place": {"clinic": 1}}) == common_shape({"clinic": 1})


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_operation_has_a_document_of_ours_and_something_to_compare_with(operation: Operation) -> None:
    assert operation.is_in("ours")
    assert operation.writes or operation.as_doctor or operation.statement is not None


def test_only_declared_variables_are_sent() -> None:
    assert declared("query ($doctor: ID!) { doctor(id: $doctor) { id } }", {"doctor": 1, "doc": 2}) == {"doctor": 1}


def test_a_visitor_keeps_what_the_next_step_needs() -> None:
    visitor = Visitor("ann@example.org")
    visitor.keeps(Answer(200, "Set-Cookie: form=abc; Path=/\r\n", b'<input name="form_token" value="x&#43;y">'))
    visitor.keeps(Answer(303, "location: https://app.example/?code=c1&iss=x\r\nset-cookie: session=s\r\n", b""))
    visitor.keeps(Answer(200, "", b'{"refresh_token":"r1"}'))
    assert visitor.cookies == {"form": "abc", "session": "s"}
    assert (visitor.form_token, visitor.code, visitor.refresh_token) == ("x+y", "c1", "r1")
    with pytest.raises(ServerError):
        visitor.keeps(Answer(400, "", b"too many attempts"))


def test_pgbench_takes_the_value_at_a_place() -> None:
    assert nth_of([7]) == "7"
    assert nth_of([7, -8.5, 9]) == "CASE WHEN :nth < 1 THEN 7 ELSE CASE WHEN :nth < 2 THEN -8.5 ELSE 9 END END"


def test_each_request_asks_for_another_object_and_none_twice() -> None:
    clinics = [Clinic(5, 48.2, 16.4), Clinic(6, 47.1, 15.4)]
    asked = Asked(values_of([1, 2, 3], clinics, NOW), [], [], 0)
    runners = {runner.name: runner for runner in RUNNERS}
    tiny, latest, clinic = (each for each in OPERATIONS if each.name in ("tiny", "clinic", "latest"))
    paths = [question.path for question in runners["handwritten"].request(tiny, 80, asked).questions]
    assert paths == ["/tiny?doctor=1", "/tiny?doctor=2", "/tiny?doctor=3"]
    assert len(runners["ours-bare"].request(clinic, 80, asked).questions) == 2
    assert len(runners["ours-bare"].request(latest, 80, asked).questions) == 1


def test_requests_are_mixed_evenly() -> None:
    order = in_turn()
    assert len(order) == 100
    assert all(order.count(name) == share for name, share in MIX.items())
    assert order.index("booking") < 50 < max(nth for nth, name in enumerate(order) if name == "booking")


@pytest.mark.parametrize(("value", "text"), [(12345.6, "12,346"), (45.67, "45.7"), (0.126, "0.13")])
def test_three_figures(value: float, text: str) -> None:
    assert figures(value) == text
