"""The ERP's own numbers of VTEX's orders, as it answered them."""

from collections.abc import Collection

from sqlalchemy import select
from sqlmodel import Field, SQLModel

from app.database import Database


class OrderReference(SQLModel, table=True):
    """Text, where a binding has VTEX's numbers."""

    __tablename__ = "order_reference"

    connection: str = Field(primary_key=True)
    order_id: str = Field(primary_key=True)
    erp_order_ref: str


_REFERENCE = OrderReference.__table__  # type: ignore[attr-defined]  # SQLModel does not type it


class References:
    """One connection's."""

    def __init__(self, database: Database, connection: str) -> None:
        self._database = database
        self._connection = connection

    async def put(self, order_id: str, erp_order_ref: str) -> None:
        """What the ERP said last counts."""
        statement = self._database.upsert(_REFERENCE).values(
            connection=self._connection, order_id=order_id, erp_order_ref=erp_order_ref
        )
        statement = statement.on_conflict_do_update(
            index_elements=["connection", "order_id"], set_={"erp_order_ref": erp_order_ref}
        )
        async with self._database.write() as transaction:
            await transaction.execute(statement)

    async def of(self, order_ids: Collection[str]) -> dict[str, str]:
        """Those that the ERP has named, by VTEX's order id."""
        query = select(*_REFERENCE.c["order_id", "erp_order_ref"]).where(
            _REFERENCE.c.connection == self._connection, _REFERENCE.c.order_id.in_(order_ids)
        )
        async with self._database.read() as transaction:
            return {row.order_id: row.erp_order_ref for row in await transaction.execute(query)}
