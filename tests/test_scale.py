"""What `make scale` does to the large data set works on a small one; plans say nothing there."""

from tests.scale import measure
from tests.test_operations import FILES, viewers


async def test_every_operation_is_measured(three: str) -> None:
    outcomes = await measure(three, FILES)
    assert len(outcomes) == sum(len(viewers(file)) for file in FILES)
    assert all(0 <= outcome.statements <= outcome.allowed for outcome in outcomes.values())
