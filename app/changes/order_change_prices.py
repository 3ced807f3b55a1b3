"""The prices of an order-change: VTEX's preview tells its own, and the difference becomes a manual value.

VTEX's schema has no price for what comes in. What the manual values do is checked in a second preview.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from decimal import Decimal

from app.changes.order_change_items import Body
from app.changes.ordered import cents, money
from app.errors import Refused

#: Of each new item of each replacement, for one unit; None: as VTEX has it.
Prices = Sequence[Sequence[Decimal | None]]


async def accepted(preview: Callable[[Body], Awaitable[Body]], body: Body, prices: Prices) -> None:
    """Complete the body so that VTEX accepts it at these prices; Refused where it would not."""
    shown, expected, is_corrected = await preview(body), 0, False
    for price, told, seen in _items(prices, body, shown):
        difference = (
            0 if price is None else (cents(price) - _unit_cents(told, seen, price)) * told["quantity"]
        )
        if difference:
            told["manualIncrementValue" if difference > 0 else "manualDiscountValue"] = abs(difference)
            expected, is_corrected = expected + difference, True
    if is_corrected:
        _must_correct(await preview(body), expected)


def _items(prices: Prices, body: Body, shown: Body) -> Iterator[tuple[Decimal | None, Body, Body]]:
    """Each new item: its price, what VTEX is told of it, and what its preview shows."""
    previews = shown.get("replace") or []
    for place, wanted in enumerate(prices):
        told = body["replace"][place]["to"]["items"]
        seen = (previews[place].get("to") or {}).get("items") or [] if place < len(previews) else []
        for index, price in enumerate(wanted):
            yield price, told[index], seen[index] if index < len(seen) else {}


def _unit_cents(told: Body, seen: Body, price: Decimal) -> int:
    """The schema has it as a number here and as text there."""
    for name in ("sellingPrice", "price"):
        if (value := seen.get(name)) not in {None, ""}:
            return int(Decimal(str(value)))
    raise Refused(
        f"VTEX's preview shows no price of its SKU {told['id']}, so it cannot be changed to {price}; leave"
        " out price, or change the order in VTEX's admin"
    )


def _must_correct(shown: Body, expected: int) -> None:
    totals = {each.get("id"): each.get("value") for each in shown.get("totals") or []}
    found = int(totals.get("ManualValues") or 0)
    if found != expected:
        raise Refused(
            f"with these prices VTEX's preview corrects the order by {money(found)} instead of"
            f" {money(expected)}; leave out price, or change the order in VTEX's admin"
        )
