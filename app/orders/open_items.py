"""Items of orders between start-handling and invoice: they are sold, and still in the warehouse."""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection

from sqlalchemy import Table, delete, func, select, update
from sqlmodel import Field, Index, SQLModel

from app import logging
from app.bindings import Bindings
from app.database import Database
from app.queue.lanes import Document

log = logging.get(__name__)

#: Gets the codes of SKUs and the ids of the warehouses whose stock is no longer what was sent.
SendAgain = Callable[[Collection[str], Collection[str]], Awaitable[None]]


class OpenOrderItem(SQLModel, table=True):
    __tablename__ = "open_order_item"
    __table_args__ = (Index("open_order_item_of_sku", "connection", "sku_id"),)

    connection: str = Field(primary_key=True)
    order_id: str = Field(primary_key=True)
    #: VTEX's own.
    sku_id: int = Field(primary_key=True)
    warehouse: str = Field(primary_key=True)
    #: 0: its order was closed, and the stock is about to be sent again.
    quantity: int


_ITEM: Table = OpenOrderItem.__table__  # type: ignore[attr-defined]  # SQLModel does not type it


class OpenOrders:
    """Of one connection whose ERP sends physical totals."""

    def __init__(self, database: Database, connection: str, send_again: SendAgain) -> None:
        self._database = database
        self._connection = connection
        self._send_again = send_again

    async def open(self, order: Document) -> None:
        """`order` as the ERP is told of it; its handling has started. Again when its items have changed."""
        items, ours = _items(order), (_ITEM.c.connection == self._connection, _ITEM.c.order_id == order["id"])
        async with self._database.read() as transaction:
            found = (await transaction.execute(select(*_ITEM.c["sku_id", "warehouse"]).where(*ours))).all()
        # What has left the order goes as in `close`: its stock is sent again first. A Counter's update adds.
        items.update({(row.sku_id, row.warehouse): 0 for row in found})
        rows = [
            {"connection": self._connection, "order_id": order["id"]}
            | {"sku_id": sku_id, "warehouse": warehouse, "quantity": quantity}
            for (sku_id, warehouse), quantity in items.items()
        ]
        if not rows:
            return
        statement = self._database.upsert(_ITEM)
        statement = statement.on_conflict_do_update(
            index_elements=["connection", "order_id", "sku_id", "warehouse"],
            set_={"quantity": statement.excluded.quantity},
        )
        async with self._database.write() as transaction:
            await transaction.execute(statement, rows)
        await self._stock_changed(items.keys())
        if not all(items.values()):
            async with self._database.write() as transaction:
                await transaction.execute(delete(_ITEM).where(*ours, _ITEM.c.quantity == 0))

    async def close(self, order_id: str) -> None:
        """It is invoiced, canceled or replaced; nothing happens if it is known.

        In two steps: cut off between them, the next try still knows whose stock is to be sent again.
        """
        order = _ITEM.c.connection == self._connection, _ITEM.c.order_id == order_id
        async with self._database.read() as transaction:
            found = (await transaction.execute(select(*_ITEM.c["sku_id", "warehouse"]).where(*order))).all()
        if not found:
            return
        async with self._database.write() as transaction:
            await transaction.execute(update(_ITEM).where(*order).values(quantity=0))
        await self._stock_changed([(row.sku_id, row.warehouse) for row in found])
        async with self._database.write() as transaction:
            await transaction.execute(delete(_ITEM).where(*order))

    async def quantity(self, sku_id: int, warehouse: str) -> int:
        """How many of the SKU are in open orders of the warehouse, whose id is case-insensitive for stock."""
        query = select(func.coalesce(func.sum(_ITEM.c.quantity), 0)).where(
            _ITEM.c.connection == self._connection,
            _ITEM.c.sku_id == sku_id,
            func.lower(_ITEM.c.warehouse) == warehouse.lower(),
        )
        async with self._database.read() as transaction:
            return int(await transaction.scalar(query) or 0)

    async def _stock_changed(self, places: Collection[tuple[int, str]]) -> None:
        """Stock of a SKU that is not bound was never sent."""
        bindings = Bindings(self._database, self._connection)
        codes = await bindings.codes("sku", {sku_id for sku_id, _ in places})
        if codes:
            await self._send_again(codes, {warehouse for _, warehouse in places})


def _items(order: Document) -> Counter[tuple[int, str]]:
    """By SKU and warehouse; what comes from no warehouse is nobody's stock."""
    found: Counter[tuple[int, str]] = Counter()
    items = order["items"]
    for delivery in order["shipping"]["deliveries"]:
        index = delivery["item_index"]
        item = items[index] if isinstance(index, int) and 0 <= index < len(items) else {}
        for each in delivery["warehouses"]:
            quantity = each["quantity"] if isinstance(each["quantity"], int) else item.get("quantity")
            if item.get("vtex_sku_id") and each["id"] and isinstance(quantity, int):
                found[item["vtex_sku_id"], str(each["id"])] += quantity
    if {item["vtex_sku_id"] for item in items} - {sku_id for sku_id, _ in found}:
        log.warning("order.without_warehouse", order=order["id"])
    return found
