"""What a request has read goes with its answer: nothing is left for the garbage collector, which rarely comes."""

import gc
import json
import weakref

import pytest

from loaders.loader import Loaders
from loaders.reads import Reads
from tests.client import Client
from tests.test_operations import FILES, OPERATIONS, headers, viewers


@pytest.mark.parametrize("folder", sorted({file.parent.name for file in FILES}))
async def test_no_operation_leaves_its_reads(folder: str, client: Client) -> None:
    read: list[weakref.ref[Reads]] = []

    def noted(reads: Reads) -> Loaders:
        read.append(weakref.ref(reads))
        return Loaders(reads)

    client.app.endpoint.loaders = noted
    left = []
    gc.disable()
    try:
        for file in FILES:
            if file.parent.name != folder:
                continue
            text = file.read_text()
            variables = json.loads(headers(text).get("variables", "{}"))
            for viewer in viewers(file):
                answer = await client.ask(text, variables, viewer=viewer)
                client.let_go()
                if "errors" not in answer.body and read.pop()() is not None:
                    left.append(f"{file.relative_to(OPERATIONS)} as {viewer}")
    finally:
        gc.enable()
    assert left == []
