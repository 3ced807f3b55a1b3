"""stock: how many of a SKU a warehouse has."""

from collections.abc import Collection
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from app.changes.kind import Code, Kind, Shop, StateChange
from app.changes.sku import sku_id
from app.config import VtexSettings
from app.queue.folding import fold
from app.queue.store import Store

_INT32_MAX = 2**31 - 1


class StockChange(StateChange):
    """The physical total of a SKU in one warehouse: available and still reserved."""

    sku: Code = Field(description="The SKU's code.", examples=["00123456"])
    warehouse: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,100}$")] = Field(
        description="VTEX's id of the warehouse.", examples=["1_1"]
    )
    quantity: int = Field(ge=0, le=_INT32_MAX, examples=[25])
    unlimited: bool = Field(
        default=False, description="Sell without counting; the quantity is then ignored by VTEX."
    )


def mapped(change: StockChange, settings: VtexSettings) -> dict[str, Any]:  # noqa: ARG001  every kind's shape
    return {"quantity": change.quantity, "unlimitedQuantity": change.unlimited}


async def deliver(change: StockChange, shop: Shop) -> None:
    sku = await sku_id(shop, change.sku)
    await shop.vtex.logistics.write_quantity(
        sku, change.warehouse, change.quantity, unlimited=change.unlimited
    )


def _key(change: StockChange) -> str:
    return f"{change.sku}@{change.warehouse}"


async def resend(store: Store, connection: str, skus: Collection[str]) -> None:
    """Send the next quantity of these SKUs in every warehouse, whatever VTEX acknowledged before."""
    await store.resend(connection, KIND.name, [f"{sku}@" for sku in skus])


#: With the values of VTEX's own guides.
EXAMPLE: dict[str, Any] = {"sku": "00123456", "warehouse": "1_1", "quantity": 25}

KIND = Kind(
    name="stock",
    example=EXAMPLE,
    change=StockChange,
    key=_key,
    target=lambda change: f"stock:{_key(change)}",
    priority=1,
    api="logistics",
    deliver=deliver,
    fold=fold,
    mapped=mapped,
)
