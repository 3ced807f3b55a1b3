"""What our API shows as an example can be sent to the sandbox as it stands."""

from app.changes import KINDS
from tests.changes.steps import SKUS, as_staff
from tests.running import RunningBridge, RunningSandbox

#: SKUs that examples name and no example makes.
MADE_BY_STAFF = {"00123457": False, "KIT-1": True}


async def test_every_published_example_of_a_state_reaches_the_sandbox(
    either: RunningBridge, sandbox: RunningSandbox
) -> None:
    """In reverse order of dependence: each waits for the next. A fact needs an order of its own."""
    body = {"Name": "By staff", "CategoryId": 1, "BrandId": 1}
    product = await as_staff(sandbox, "POST", "/api/catalog/pvt/product", body)
    sizes = {"PackagedHeight": 1, "PackagedLength": 1, "PackagedWidth": 1, "PackagedWeightKg": 1}
    for ref_id, is_kit in MADE_BY_STAFF.items():
        sku = {"ProductId": product["Id"], "Name": ref_id, "RefId": ref_id, "IsKit": is_kit}
        await as_staff(sandbox, "POST", SKUS, sku | sizes)
    states = [kind for kind in KINDS.values() if kind.fold is not None]
    ids = []
    for kind in sorted(states, key=lambda kind: kind.priority):
        ids += await either.post(kind.name, kind.example)
    for event_id in ids:
        await either.reaches(event_id, "delivered")
    assert len(ids) >= 4
