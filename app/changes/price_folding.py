"""How the changes of a price add up: fixed prices item by item, of base, cost and markup the newest two.

A fixed price of null stays in the sum: its place is to be empty. A deletion takes with it what was said
before.
"""

from datetime import UTC, datetime

from app.changes.alternatives import drop_oldest
from app.queue.folding import Folded, ItemList, Registers, Saying, fold
from app.queue.lanes import Document

BASIS = ("base", "cost", "markup")
#: In the sum of the changes: when the deletion was said, which tells it from another.
DELETED_AS_OF = "deleted_as_of"
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
    if "deleted" in change:
        change = {name: value for name, value in change.items() if name != "deleted"}
        change[DELETED_AS_OF] = said.said
    folded = fold(registers, change, said, _LISTS, erasing=DELETED_AS_OF)
    if DELETED_AS_OF in registers.desired and registers.desired.get("fixed_prices") == []:
        # It mentions none: said before the deletion or after it, the sum is the same.
        del registers.desired["fixed_prices"]
    # Of those that came together the base is to stay.
    drop_oldest(registers, folded, BASIS)
    return folded
