"""Keyset pages stay right: walked from end to end, nothing is missing or doubled, also while rows are added."""

import asyncpg
import pytest

from tests.client import Client
from tests.clinic_data import load

LISTS = [
    ("doctors", "orderBy: REGISTRATION"),
    ("doctors", "orderBy: NAME"),
    ("doctors", "orderBy: FEE"),
    ("doctors", "orderBy: EXPERIENCE"),
    ("clinics", "orderBy: NAME"),
    ("clinics", "orderBy: NEAREST, filter: { near: { latitude: 41, longitude: -73, radiusKm: 500 } }"),
    ("patients", "orderBy: NAME"),
    ("slots", 'filter: { onlyFree: false, clinicIds: ["Q2xpbmljOjE", "Q2xpbmljOjI"] }'),
    ("appointments", "orderBy: EARLIEST_FIRST"),
    ("appointments", "orderBy: LATEST_FIRST"),
    ("appointments", "orderBy: NEWEST_FIRST"),
]


async def walk(client: Client, field: str, arguments: str, size: int) -> list[str]:
    """All ids of a list, page by page."""
    query = f"""query($after: String) {{ {field}(first: {size}, after: $after, {arguments}) {{
        edges {{ cursor node {{ id }} }} pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}"""
    ids: list[str] = []
    after = None
    while True:
        page = (await client.ask(query, {"after": after})).data[field]
        assert page["pageInfo"]["hasPreviousPage"] == (after is not None)
        ids += [edge["node"]["id"] for edge in page["edges"]]
        if page["edges"]:
            assert page["pageInfo"]["startCursor"] == page["edges"][0]["cursor"]
            assert page["pageInfo"]["endCursor"] == page["edges"][-1]["cursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return ids
        after = page["pageInfo"]["endCursor"]


@pytest.mark.parametrize(("field", "arguments"), LISTS)
async def test_small_pages_make_the_whole(client: Client, field: str, arguments: str) -> None:
    whole = await walk(client, field, arguments, 100)
    assert len(whole) == len(set(whole)) > 0
    for size in (1, 2, 7):
        assert await walk(client, field, arguments, size) == whole


async def test_pages_of_each_parent_are_its_own(client: Client) -> None:
    query = """{ doctors { edges { node { id slots(first: 3, filter: { onlyFree: false }) {
        edges { cursor node { start doctor { id } } } pageInfo { hasNextPage } } } } } }"""
    doctors = [edge["node"] for edge in (await client.ask(query)).data["doctors"]["edges"]]
    assert len(doctors) == 3
    for doctor in doctors:
        edges = doctor["slots"]["edges"]
        assert len(edges) == 3
        assert doctor["slots"]["pageInfo"]["hasNextPage"]
        assert {edge["node"]["doctor"]["id"] for edge in edges} == {doctor["id"]}
        assert [edge["node"]["start"] for edge in edges] == sorted(edge["node"]["start"] for edge in edges)


async def test_rows_added_meanwhile_do_not_move_the_pages(database: str) -> None:
    await load(database, 10)
    sql = await asyncpg.connect(database)
    query = """query($after: String) { doctors(first: 4, after: $after, orderBy: NAME) {
        edges { node { user { name } } } pageInfo { endCursor } } }"""
    try:
        async with Client.of(database) as client:
            first = (await client.ask(query)).data["doctors"]
            await sql.execute("INSERT INTO users (id, name, email) VALUES (9000, 'Aaron', 'aaron@example.org')")
            await sql.execute(
                """INSERT INTO doctors (id, user_id, status, specialty, licence_number, currency)
                   VALUES (9000, 9000, 'APPROVED', 'Cardiology', 'new', 'EUR')"""
            )
            second = (await client.ask(query, {"after": first["pageInfo"]["endCursor"]})).data["doctors"]
    finally:
        await sql.close()
    names = [edge["node"]["user"]["name"] for page in (first, second) for edge in page["edges"]]
    assert names == [f"Doctor {letter}" for letter in "ABCDEFGH"]


@pytest.mark.parametrize(
    ("parent", "pages"),
    [
        ("clinics", "doctors { edges { node { id } } }"),
        ("clinics", "slots(filter: { onlyFree: false }) { edges { node { id } } }"),
        ("clinics", "appointments { edges { node { id } } }"),
        ("doctors", "slots(filter: { onlyFree: false }) { edges { node { id } } }"),
        ("doctors", "appointments { edges { node { id } } }"),
        ("patients", "appointments { edges { node { id } } }"),
    ],
)
async def test_a_page_of_each_is_what_it_is_alone(client: Client, parent: str, pages: str) -> None:
    kind = parent.removesuffix("s").capitalize()
    together = (await client.ask(f"{{ {parent} {{ edges {{ node {{ id {pages} }} }} }} }}")).data[parent]["edges"]
    assert len(together) == 3
    for edge in together:
        alone = await client.ask(f'{{ node(id: "{edge["node"]["id"]}") {{ ... on {kind} {{ id {pages} }} }} }}')
        assert alone.data == edge
