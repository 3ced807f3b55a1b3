"""The outcomes of an erased order's changes say nothing of its customer."""

from sqlalchemy import text

from app.orders.erasure import erase
from app.queue.store.stripping import Stripped
from tests.orders.erp import Erp
from tests.orders.steps import bought, handled, told
from tests.orders.test_api import invoice
from tests.running import RunningBridge, RunningSandbox, running_bridge, until


async def test_what_vtex_said_of_a_change_is_erased_with_its_order(
    migrated_database_url: str, shop: RunningSandbox, erp: Erp
) -> None:
    listener = {"callback_url": f"{erp.url}/orders", "report_outcomes": True}
    ready = {"report": ["ready-for-handling"]}
    async with running_bridge(migrated_database_url, shop.url, erp=listener, orders=ready) as bridge:
        order = await bought(shop)
        await handled(shop, order)
        said = '"Maria Canaria is odd"'
        refused = {"action": "status", "status": 400, "body": said, "path_regex": "/invoice"}
        await shop.control("faults", refused | {"method": "POST"})
        [event] = await bridge.post("invoice", invoice(order, "1", "119.90"))
        assert "Maria Canaria" in (await bridge.reaches(event, "failed"))["why"]
        await told(erp, 2)
        assert "Maria Canaria" in erp.callbacks[1].verified()["change"]["reason"]

        async def all_ended() -> bool:
            found = await bridge.client.get("/v1/events", params={"kind": "outcome"})
            return {each["status"] for each in found.json()["events"]} == {"delivered"}

        await until(all_ended, "the outcome is told")
        assert isinstance(await erase(bridge.parts.store, "acme", order, force=False), Stripped)
        assert await stored_with(bridge, "Maria Canaria") == []
        [outcome] = (await bridge.client.get("/v1/events", params={"kind": "outcome"})).json()["events"]
        shown = (await bridge.event(outcome["id"]))["payload"]
        assert (shown["change"]["id"], shown["_removed"]["why"]) == (event, "erased")


async def stored_with(bridge: RunningBridge, word: str) -> list[str]:
    """Of the rows; a file of SQLite's keeps older pages for a while."""
    async with bridge.parts.database.read() as transaction:
        rows = [
            f"{table}: {row}"
            for table in ("event", "lane", "attempt")
            for row in (await transaction.execute(text(f"SELECT * FROM {table}"))).all()
        ]
    return [row for row in rows if word in row]
