"""Kits, complements, services and similar categories: both codecs bring the store to the same state."""

from typing import Any

from tests.changes.steps import PRODUCT, SKU, as_staff
from tests.running import running_bridge, running_sandbox

CATALOG = "/api/catalog/pvt"
OPTION: dict[str, Any] = {"code": "O", "name": "Red", "price": "10", "cost": "4.50"}
ATTACHED: dict[str, Any] = {"option": "O", "name": "Gift wrapping"}
ROUNDS: list[list[tuple[str, dict[str, Any]]]] = [
    [
        ("category", {"code": "A", "name": "A"}),
        ("category", {"code": "B", "name": "B"}),
        ("product", PRODUCT | {"similar_categories": ["A"]}),
        ("sku", SKU),
    ],
    [("sku", SKU | {"code": "S2"})],
    [("sku", SKU | {"code": "S3"})],
    [
        ("kit", {"code": "S1", "components": [{"sku": "S2", "quantity": 2, "unit_price": "25.50"}]}),
        ("complement", {"code": "S2", "accessories": ["S1", "S3"], "shown_together": ["S3"]}),
        (
            "service",
            {"code": "W", "name": "W", "options": [OPTION], "attachments": [ATTACHED | {"sku": "S1"}]},
        ),
    ],
    [
        ("product", {"code": "P1", "similar_categories": ["B"]}),
        ("kit", {"code": "S1", "components": [{"sku": "S3", "quantity": 1, "unit_price": "9"}]}),
        ("complement", {"code": "S2", "accessories": ["S3"]}),
        ("service", {"code": "W", "gift_card": True, "attachments": [ATTACHED | {"sku": "S3"}]}),
    ],
]


async def test_both_codecs_bring_the_store_to_the_same_state(
    migrated_sqlite_url: str, rest_contract: Any
) -> None:
    first, second = [
        await _state_after(migrated_sqlite_url, rest_contract, each) for each in ("rest", "webservice")
    ]
    assert first == second
    assert (len(first["complements"]), len(first["kit_parts"]), len(first["skuservice"])) == (3, 1, 1)


async def _state_after(url: str, rest_contract: Any, catalog: str) -> dict[str, Any]:
    async with running_sandbox(rest_contract) as sandbox:
        database = url.replace("bridge.db", f"{catalog}.db")
        vtex = {"catalog": catalog}
        async with running_bridge(database, sandbox.url, vtex=vtex, orders={"sources": []}) as bridge:
            for number, changes in enumerate(ROUNDS):
                if number == 3:
                    # Edited by hand: a kit, and what the ERP never mentions.
                    sandbox.app.state.store.skus[1001]["IsKit"] = True
                    beside = {"ParentSkuId": 1002, "SkuId": 1001, "ComplementTypeId": 3}
                    await as_staff(sandbox, "POST", f"{CATALOG}/skucomplement", beside)
                ids = [each for kind, change in changes for each in await bridge.post(kind, change)]
                for event_id in ids:
                    await bridge.reaches(event_id, "delivered")
        assert sandbox.recorder.violations == []
        state = await sandbox.state()
    parts = {name: state[name] for name in ("complements", "kit_parts")} | state["services"]
    similar = [product["SimilarCategories"] for product in state["products"]]
    return {name: _without_ids(records) for name, records in parts.items()} | {"similar": similar}


def _without_ids(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Through the webservice the whole list goes, so that one which is there twice is removed again."""
    return sorted(({**each, "Id": 0} for each in records), key=str)
