"""What of an order is invoiced, as VTEX shows it, and whether one more invoice still fits.

VTEX does not say which number is too high: what does not fit is refused here, with the numbers.
"""

from collections import Counter
from decimal import Decimal

from app.changes.ordered import Order, Package, is_output, money, packages
from app.errors import Refused

#: By VTEX's SKU id.
Quantities = Counter[str]


def total_cents(order: Order) -> int | None:
    """The highest that VTEX shows: it lowers `value` when a part is invoiced and settled."""
    totals = [each.get("value") for each in order.get("totals") or []]
    whole = [sum(each for each in totals if isinstance(each, int | Decimal))] if totals else []
    if isinstance(value := order.get("value"), int | Decimal):
        whole.append(value)
    return int(max(whole)) if whole else None


def ordered(order: Order) -> Quantities:
    found: Quantities = Counter()
    for item in order.get("items") or []:
        found[str(item["id"])] += int(item.get("quantity") or 0)
    return found


def of_package(order: Order, package: Package) -> Quantities:
    """A package names its items by their place in the order."""
    items = order.get("items") or []
    found: Quantities = Counter()
    for each in package.get("items") or []:
        index = each.get("itemIndex")
        if isinstance(index, int) and 0 <= index < len(items):
            found[str(items[index]["id"])] += int(each.get("quantity") or 0)
    return found


def is_told_by_sku(order: Order) -> bool:
    """VTEX known issue: of a SKU on several lines it mistakes which one an invoice means."""
    return len(ordered(order)) == len(order.get("items") or [])


def must_fit(order: Order, number: str, *, is_return: bool, value: int, quantities: Quantities) -> None:
    """Refused where more would be invoiced than was ordered, or returned than was invoiced."""
    sold = [each for each in packages(order) if is_output(each)]
    returned = [each for each in packages(order) if not is_output(each)]
    before = returned if is_return else sold
    whole = _value(sold) if is_return else total_cents(order)
    verb, of_what = ("returned", "invoiced") if is_return else ("invoiced", "ordered")
    if whole is not None and _value(before) + value > whole:
        raise Refused(
            f"invoice {number} of {money(value)} is too much: {money(whole)} was {of_what}"
            f"{_already(money(_value(before)), verb, before)}, so {money(whole - _value(before))} is left"
        )
    bounds = _sum(order, sold) if is_return else ordered(order)
    done = _sum(order, before)
    names = {str(item["id"]): item.get("refId") or item["id"] for item in order.get("items") or []}
    for sku, quantity in quantities.items():
        left = bounds[sku] - done[sku]
        if quantity > left:
            raise Refused(
                f"invoice {number} has {quantity} of {names.get(sku, sku)}, which is too many: {bounds[sku]}"
                f" {_were(bounds[sku])} {of_what}{_already(done[sku], verb, before)},"
                f" so {left} {'is' if left == 1 else 'are'} left"
            )


def _value(each: list[Package]) -> int:
    return sum(int(package.get("invoiceValue") or 0) for package in each)


def _sum(order: Order, each: list[Package]) -> Quantities:
    return sum((of_package(order, package) for package in each), Counter())


def _already(what: object, verb: str, before: list[Package]) -> str:
    numbers = ", ".join(str(package.get("invoiceNumber")) for package in before)
    return f", {what} of it {verb} by {numbers}" if before else ""


def _were(count: int) -> str:
    return "was" if count == 1 else "were"
