"""Orders that are told and not over are read again, however many they are."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from tests.orders.conftest import Starting
from tests.running import until


async def test_more_open_orders_than_one_look_takes_are_looked_at_soon(starting: Starting) -> None:
    async with starting(orders={"sources": []}) as bridge, bridge.parts.database.write() as transaction:
        now = datetime.now(UTC)
        first, last = now - timedelta(days=1), now - timedelta(hours=2)
        insert = (
            "INSERT INTO order_read (connection, order_id, status, is_open, first_read_at, read_at)"
            " VALUES ('acme', :order, 'handling', true, :first, :last)"
        )
        rows = [{"order": f"{number}-01", "first": f"{first}", "last": f"{last}"} for number in range(250)]
        await transaction.execute(text(insert), rows)
    async with starting(orders={"list_poll_seconds": 300}) as bridge:

        async def all_are() -> bool:
            async with bridge.parts.database.read() as transaction:
                hinted = await transaction.scalar(text("SELECT count(*) FROM order_hint"))
            return int(hinted or 0) == 250

        await until(all_are, "each is read, and asked for again as VTEX does not know it")
