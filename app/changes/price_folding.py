"""How the changes of a price add up: fixed prices item by item, of base, cost and markup the newest two."""

from datetime import UTC, datetime

from app.changes.alternatives import drop_oldest
from app.queue.folding import Folded, ItemList, Registers, Saying, fold
from app.queue.lanes import Document

BASIS = ("base", "cost", "markup")
_LISTS = {
    "fixed_prices": ItemList(
        ("trade_policy", "min_quantity", "starts_at", "ends_at"), alone="fixed_prices_exactly"
    )
}


def _spelt_out(prices: list[Document] | None) -> list[Document] | None:
    """However the ERP writes a place, it is one place: else an older price could pass for another's newer."""
    if prices is None:
        return None
    ends = ("starts_at", "ends_at")
    return [
        {"min_quantity": 1, **price, **{end: _in_utc(price[end]) for end in ends if price.get(end)}}
        for price in prices
    ]


def _in_utc(moment: str) -> str:
    return datetime.fromisoformat(moment).astimezone(UTC).isoformat()


def fold_price(registers: Registers, change: Document, said: Saying) -> Folded:
    """Of base, cost and markup the two that were said last stay; the base is kept before the cost."""
    if "fixed_prices" in change:
        change = change | {"fixed_prices": _spelt_out(change["fixed_prices"])}
    folded = fold(registers, change, said, _LISTS)
    # Of those that came together the base is to stay.
    drop_oldest(registers, folded, BASIS)
    return folded
