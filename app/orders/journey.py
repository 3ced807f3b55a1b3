"""An order's journey, from what this connection was told and told itself: no call to VTEX."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from app.queue.models import Status
from app.queue.store.reading import Found

_ZERO = Decimal("0.00")


@dataclass(slots=True)
class Line:
    """One item of the order, by the ERP's code or, where it has none, VTEX's id."""

    sku: str | None
    vtex_sku_id: int | None
    ordered: int = 0
    invoiced: int = 0
    returned: int = 0

    @property
    def remaining(self) -> int:
        return max(0, self.ordered - self.invoiced)


@dataclass(slots=True)
class Ledger:
    """What of the order is invoiced, in its currency; only what VTEX has acknowledged counts."""

    total: Decimal | None
    invoiced: Decimal = _ZERO
    returned: Decimal = _ZERO
    lines: list[Line] = field(default_factory=list)

    @property
    def remaining(self) -> Decimal | None:
        return None if self.total is None else max(_ZERO, self.total - self.invoiced)


def ledger(order: dict[str, Any], invoices: Iterable[Found]) -> Ledger:
    """`order` as it was told to the ERP, `invoices` the events of kind invoice."""
    total = order.get("total")
    ordered = _ordered(order.get("items") or [])
    found = Ledger(None if total is None else Decimal(total), lines=list(ordered.values()))
    for event in invoices:
        if event.status == Status.DELIVERED:
            _book(found, ordered, event.payload)
    return found


def _ordered(items: Sequence[dict[str, Any]]) -> dict[tuple[str | None, int | None], Line]:
    quantities: Counter[tuple[str | None, int | None]] = Counter()
    for item in items:
        quantities[item.get("sku"), item.get("vtex_sku_id")] += item.get("quantity") or 0
    return {name: Line(*name, ordered=quantity) for name, quantity in quantities.items()}


def _book(found: Ledger, ordered: dict[tuple[str | None, int | None], Line], invoice: dict[str, Any]) -> None:
    is_return = invoice.get("type") == "input"
    value = Decimal(invoice["value"])
    if is_return:
        found.returned += value
    else:
        found.invoiced += value
    for item in invoice["items"]:
        for (sku, vtex_sku_id), line in ordered.items():
            if (sku and sku == item.get("sku")) or (vtex_sku_id and vtex_sku_id == item.get("vtex_sku_id")):
                if is_return:
                    line.returned += item["quantity"]
                else:
                    line.invoiced += item["quantity"]
                break
