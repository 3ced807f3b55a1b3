"""What the facts about an order share: its id, its reading, its packages (one for each invoice)."""

from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, model_validator

from app.changes.fulfilment import Fulfilment, fulfilment
from app.changes.kind import Change, Code, Shop
from app.errors import Refused, Waiting
from app.orders.status import CANCELED, REPLACED

OrderId = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,100}$"),
    Field(description="VTEX's order id.", examples=["1172452900788-01"]),
]
#: VTEX known issue: other characters break tracking, status and gift cards for good.
InvoiceNumber = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9]{1,50}$"),
    Field(
        description="Letters and digits only: other characters break tracking in VTEX.", examples=["24382"]
    ),
]
Money = Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=2)]
Order = dict[str, Any]
Package = dict[str, Any]


class OrderedItem(Change):
    """Pieces of one SKU, by the ERP's code or by VTEX's id."""

    sku: Code = Field(default="", description="The SKU's code (RefId).")
    vtex_sku_id: int = Field(default=0, gt=0, description="Instead of `sku`, for SKUs without a code.")
    quantity: int = Field(ge=1)

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        if ("sku" in self.model_fields_set) == ("vtex_sku_id" in self.model_fields_set):
            raise ValueError("name the item by sku or by vtex_sku_id, one of them")
        return self


async def read_order(shop: Shop, order_id: str) -> Order:
    order = await shop.vtex.orders.read(order_id)
    if order is None:
        raise Refused(f"VTEX has no order {order_id}; check the order id")
    return order


def packages(order: Order) -> list[Package]:
    return [package for package in (order.get("packageAttachment") or {}).get("packages") or [] if package]


def package_of(order: Order, invoice_number: str) -> Package | None:
    return next((each for each in packages(order) if each.get("invoiceNumber") == invoice_number), None)


async def read_package(shop: Shop, order_id: str, invoice: str) -> tuple[Fulfilment, Package]:
    """Of the invoice, whoever made it, in the account that has it; Waiting while there is none."""
    place = await fulfilment(shop, order_id, await read_order(shop, order_id))
    package = package_of(place.order, invoice)
    if package is not None:
        return place, package
    status = place.order.get("status")
    if status in CANCELED or status == REPLACED:
        raise Refused(
            f"order {order_id} is {status} in VTEX and has no invoice {invoice}: there is no parcel to track"
        )
    raise Waiting(
        f"order {order_id} has no invoice {invoice} in VTEX yet; it is sent as soon as the invoice is",
        on=("invoice", f"{order_id}/{invoice}"),
    )


def moment_of(text: str | None) -> datetime | None:
    """A moment as VTEX shows it: without a zone it is UTC; None where it is none."""
    with suppress(ValueError):
        moment = datetime.fromisoformat(text or "")
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None


def is_output(package: Package) -> bool:
    return package.get("type") in {None, "Output"}


def invoiced_cents(order: Order) -> int:
    """What the order's output invoices add up to."""
    return sum(int(package.get("invoiceValue") or 0) for package in packages(order) if is_output(package))


def cents(value: Decimal) -> int:
    return int(value * 100)


def money(value_cents: int) -> str:
    return f"{Decimal(value_cents) / 100:.2f}"
