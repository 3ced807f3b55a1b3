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
        default=False,
        description="Sell without counting; the quantity is then ignored by VTEX. As long as it was never"
        " sent, what the store's team chose stays.",
    )


def mapped(change: StockChange, settings: VtexSettings) -> dict[str, Any]:  # noqa: ARG001  every kind's shape
    values: dict[str, Any] = {"quantity": change.quantity}
    return values | ({"unlimitedQuantity": change.unlimited} if _is_opinion(change) else {})


def _is_opinion(change: StockChange) -> bool:
    return "unlimited" in change.model_fields_set


async def deliver(change: StockChange, shop: Shop) -> None:
    """VTEX demands both members: an ERP without opinion of `unlimited` costs a read of VTEX's own."""
    sku, logistics = await sku_id(shop, change.sku), shop.vtex.logistics
    unlimited = change.unlimited
    if not _is_opinion(change):
        unlimited = await logistics.read_unlimited(sku, change.warehouse)
    await logistics.write_quantity(sku, change.warehouse, change.quantity, unlimited=unlimited)


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
