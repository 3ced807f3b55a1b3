"""Addresses: each value is one segment, and none leads elsewhere."""

import pytest

from app.errors import Refused
from app.vtex.rest import path


@pytest.mark.parametrize("dots", [".", ".."])
def test_a_segment_of_dots_is_refused(dots: str) -> None:
    with pytest.raises(Refused, match="is no name that VTEX's addresses can hold"):
        path("/api/oms/pvt/orders/{order}/invoice", order=dots)


def test_whatever_a_value_holds_it_stays_one_segment() -> None:
    assert path("/a/{value}/b", value="x/../y?z#ã") == "/a/x%2F..%2Fy%3Fz%23%C3%A3/b"
