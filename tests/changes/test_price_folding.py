"""What is wanted of a price is the sum of its changes, whatever their order and spelling."""

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from app.changes.price import DesiredPrice, PriceChange, mapped
from app.changes.price_folding import fold_price
from app.config import VtexSettings
from app.queue.folding import Registers, Saying
from app.queue.lanes import Document
from tests.vtex.saying import settings

SETTINGS: VtexSettings = settings("http://127.0.0.1")


def wanted(*changes: Document) -> Document:
    """As VTEX shall have it; all were said in one moment, in this order."""
    registers = Registers()
    for change in changes:
        fold_price(registers, PriceChange.model_validate({"sku": "S1", **change}).payload(), Saying("now"))
        registers = Registers(registers.desired, registers.stamps)
    return mapped(DesiredPrice.model_validate(registers.desired), SETTINGS)


def fixed(value: str, **place: object) -> Document:
    return {"fixed_prices": [{"trade_policy": "1", "value": value, **place}]}


def values(record: Document) -> list[str]:
    return [str(each["value"]) for each in record["fixedPrices"]]


def test_a_quantity_of_one_is_the_same_place_spelt_out_or_not() -> None:
    assert values(wanted(fixed("5"), fixed("6", min_quantity=1), fixed("7"))) == ["7"]


def test_one_moment_is_the_same_place_in_every_zone() -> None:
    utc = {"starts_at": "2126-01-01T03:00:00Z", "ends_at": "2126-02-01T03:00:00Z"}
    local = {"starts_at": "2126-01-01T00:00:00-03:00", "ends_at": "2126-02-01T00:00:00-03:00"}
    assert values(wanted(fixed("5", **utc), fixed("6", **local), fixed("7", **utc))) == ["7"]


def test_other_quantities_and_periods_are_other_places() -> None:
    period = {"starts_at": "2126-01-01T03:00:00Z", "ends_at": "2126-02-01T03:00:00Z"}
    found = values(wanted(fixed("5"), fixed("6", min_quantity=2), fixed("7", **period)))
    assert sorted(found) == ["5", "6", "7"]


def test_an_empty_list_keeps_what_is_still_pending() -> None:
    assert values(wanted(fixed("5"), {"fixed_prices": []})) == ["5"]


def test_null_clears_what_is_still_pending() -> None:
    record = wanted(fixed("5"), {"fixed_prices": None})
    assert (record["fixedPrices"], record["keepsOtherFixedPrices"]) == ([], False)


def test_what_is_named_after_a_clear_is_all_that_is_wanted() -> None:
    record = wanted(
        fixed("5"), {"fixed_prices": None}, fixed("6", min_quantity=2), fixed("7", min_quantity=3)
    )
    assert values(record) == ["6", "7"]
    assert record["keepsOtherFixedPrices"] is False


def test_without_a_clear_the_others_are_kept() -> None:
    assert wanted(fixed("5"), fixed("6"))["keepsOtherFixedPrices"] is True


def test_the_base_stays_before_the_cost_when_a_third_is_named() -> None:
    assert set(wanted({"base": "9", "cost": "4"}, {"markup": "20"})) == {"basePrice", "markup"}


BASIS = ["base", "cost", "markup"]
NAMED = st.lists(st.sampled_from(BASIS), min_size=1, max_size=2, unique=True)


@given(st.lists(NAMED, min_size=1, max_size=6))
def test_never_more_than_two_are_wanted_and_the_newest_always_are(names: list[list[str]]) -> None:
    record = wanted(*({name: str(number + 1) for name in each} for number, each in enumerate(names)))
    vtex = {"base": "basePrice", "cost": "costPrice", "markup": "markup"}
    assert len(record) <= 2
    assert all(record[vtex[name]] == len(names) for name in names[-1])


STAMPED = st.lists(NAMED, min_size=1, max_size=5)


@given(STAMPED)
def test_of_base_cost_and_markup_the_two_said_last_stay_in_any_order_of_arrival(
    names: list[list[str]],
) -> None:
    changes = [{name: str(number + 1) for name in each} for number, each in enumerate(names)]
    said = {name: (number, -BASIS.index(name)) for number, each in enumerate(names) for name in each}
    newest = sorted(said, key=said.__getitem__)[-2:]
    expected = {name: str(said[name][0] + 1) for name in newest}
    for order in permutations(range(len(changes))):
        registers = Registers()
        for place in order:
            fold_price(registers, changes[place], Saying(place, given=True))
            registers = Registers(registers.desired, registers.stamps)
        assert registers.desired == expected


def test_a_third_that_is_older_than_both_is_wholly_late() -> None:
    registers = Registers()
    fold_price(registers, {"base": "9", "cost": "4"}, Saying(0, given=True))
    fold_price(registers, {"cost": "5"}, Saying(7, given=True))
    fold_price(registers, {"base": "8"}, Saying(6, given=True))
    assert fold_price(registers, {"markup": "20"}, Saying(5, given=True)).said_anew == 7
    assert registers.desired == {"base": "8", "cost": "5"}
