"""The sweep reads all orders of the list, however many there are."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from app.orders.sweep import sweep
from app.vtex.orders import LIST_PAGE_SIZE, LIST_PAGES, ListPage

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
CAP = LIST_PAGES * LIST_PAGE_SIZE


class CappedList:
    """VTEX's list: it never shows more than its cap of a filter."""

    def __init__(self, created: Sequence[datetime]) -> None:
        self._created = sorted(created)

    async def listed(
        self, statuses: list[str], page: int, created: tuple[datetime, datetime] | None = None
    ) -> ListPage:
        assert statuses == ["ready-for-handling"]
        assert page <= LIST_PAGES
        found = [
            f"{index}-01"
            for index, at in enumerate(self._created)
            if created is None or created[0] <= at <= created[1]
        ]
        shown = found[(page - 1) * LIST_PAGE_SIZE : page * LIST_PAGE_SIZE]
        return ListPage(shown, len(found))


async def swept(created: Sequence[datetime]) -> list[str]:
    orders = CappedList(created)
    found = [ids async for ids in sweep(orders, ["ready-for-handling"], NOW)]  # type: ignore[arg-type]
    return [order_id for ids in found for order_id in ids]


@settings(max_examples=10, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 730 * 86_400_000), st.integers(1, 2_500)),
        min_size=1,
        max_size=8,
        unique_by=lambda each: each[0],
    )
)
async def test_each_order_of_two_years_is_found_once(bursts: list[tuple[int, int]]) -> None:
    """Bursts of orders that were created in one millisecond."""
    created = [NOW - timedelta(milliseconds=ago) for ago, many in bursts for _ in range(many)]
    assert sorted(await swept(created)) == sorted(f"{index}-01" for index in range(len(created)))


async def test_one_more_than_the_cap_is_found() -> None:
    created = [NOW - timedelta(seconds=index) for index in range(CAP + 1)]
    assert len(set(await swept(created))) == CAP + 1
