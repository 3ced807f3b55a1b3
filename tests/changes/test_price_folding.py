"""What is wanted of a price is the sum of its changes, whatever their order and spelling."""

from itertools import permutations
from typing import Any

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


def test_a_removal_takes_its_place_and_no_other() -> None:
    removal: Document = {"fixed_prices": [{"trade_policy": "1", "value": None, "min_quantity": 2}]}
    record = wanted(fixed("5"), fixed("6", min_quantity=2), removal)
    assert values(record) == ["5"]
    assert record["removedFixedPrices"] == [{"tradePolicyId": "1", "minQuantity": 2}]


def test_what_was_removed_may_come_back() -> None:
    record = wanted({"fixed_prices": [{"trade_policy": "1", "value": None}]}, fixed("5"))
    assert (values(record), "removedFixedPrices" in record) == (["5"], False)


def test_a_removal_of_what_ended_is_still_one() -> None:
    period = {"starts_at": "2020-01-01T00:00:00Z", "ends_at": "2020-02-01T00:00:00Z"}
    record = wanted({"fixed_prices": [{"trade_policy": "1", "value": None, **period}]})
    assert len(record["removedFixedPrices"]) == 1


def test_a_deletion_takes_all_that_was_said_before() -> None:
    record = wanted({"base": "9", "list_price": "12"}, fixed("5"), {"deleted": True})
    assert record == {"deletedAsOf": True}


def test_after_a_deletion_a_new_price_begins_and_says_which_deletion_it_follows() -> None:
    record = wanted({"base": "9", "cost": "4"}, fixed("5"), {"deleted": True}, {"base": "10"})
    assert record == {"basePrice": 10, "deletedAsOf": "now"}


def test_one_deletion_is_as_good_as_another() -> None:
    registers = Registers()
    for said in (1, 2):
        fold_price(registers, {"sku": "S1", "deleted": True}, Saying(said, given=True))
    assert mapped(DesiredPrice.model_validate(registers.desired), SETTINGS) == {"deletedAsOf": True}


def test_a_price_from_before_the_deletion_is_wholly_late() -> None:
    registers = Registers()
    fold_price(registers, {"sku": "S1", "deleted": True}, Saying(5, given=True))
    assert fold_price(registers, {"sku": "S1", "base": "9"}, Saying(4, given=True)).said_anew == 5
    assert registers.desired == {"sku": "S1", "deleted_as_of": 5}


#: Places of fixed prices, of which some are removed, all are cleared, or the price is deleted.
ITEMS = st.lists(
    st.builds(
        lambda place, value: {"trade_policy": "1", "min_quantity": place, "value": value},
        st.integers(1, 3),
        st.none() | st.sampled_from(["5", "6", "7"]),
    ),
    max_size=3,
    unique_by=lambda item: item["min_quantity"],
)
SAID: st.SearchStrategy[Document] = st.one_of(
    st.just({"deleted": True}),
    NAMED.map(lambda names: dict.fromkeys(names, "3")),
    st.just({"fixed_prices": None}),
    ITEMS.map(lambda items: {"fixed_prices": items}),
)


@given(st.lists(SAID, min_size=1, max_size=5))
def test_removals_clears_and_deletions_may_arrive_in_any_order(said: list[Document]) -> None:
    ends = []
    for order in permutations(range(len(said))):
        registers = Registers()
        for place in order:
            fold_price(registers, {"sku": "S1", **said[place]}, Saying(place, given=True))
            registers = Registers(registers.desired, registers.stamps)
        ends.append(registers.desired)
    assert all(end == ends[0] for end in ends)
    assert _plainly(ends[0]) == _in_sequence(said)


def _plainly(desired: Document) -> Document:
    """Places with their values, those that are to be empty too; and what is known of the rest of VTEX's."""
    record = mapped(DesiredPrice.model_validate(desired), SETTINGS)
    places = {each["minQuantity"]: str(each["value"]) for each in record.get("fixedPrices", ())}
    places |= {each["minQuantity"]: None for each in record.get("removedFixedPrices", ())}
    return {"places": places, "alone": not record.get("keepsOtherFixedPrices", True)}


def _in_sequence(said: list[Document]) -> Document:
    places: dict[int, Any] = {}
    alone = False
    for change in said:
        if "deleted" in change:
            places, alone = {}, False
        if change.get("fixed_prices", ()) is None:
            places, alone = {}, True
        places |= {item["min_quantity"]: item["value"] for item in change.get("fixed_prices") or ()}
    # Where nothing of the team's is kept, an empty place needs no word.
    shown = {place: value for place, value in places.items() if not alone or value is not None}
    return {"places": shown, "alone": alone}
