"""What our API shows as an example can be sent to the sandbox as it stands."""

from app.changes import KINDS
from tests.running import RunningBridge


async def test_every_published_example_of_a_state_reaches_the_sandbox(either: RunningBridge) -> None:
    """In reverse order of dependence: each waits for the next. A fact needs an order of its own."""
    states = [kind for kind in KINDS.values() if kind.fold is not None]
    ids = []
    for kind in sorted(states, key=lambda kind: kind.priority):
        ids += await either.post(kind.name, kind.example)
    for event_id in ids:
        await either.reaches(event_id, "delivered")
    assert len(ids) >= 4
