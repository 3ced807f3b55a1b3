"""What no zone's calendar and no host's name can mean is refused at intake, not by a crash."""

import pytest
from pydantic import BaseModel, ValidationError

from app.changes.image import Image
from app.changes.price import FixedPrice
from app.changes.product import ProductChange
from app.changes.stock import StockChange

_NEVER, _MIN, _NOW = "9999-12-31T23:59:59-03:00", "0001-01-01T00:00:00+01:00", "2026-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("model", "values"),
    [
        (
            FixedPrice,
            {"trade_policy": "1", "value": 1, "starts_at": _NOW, "ends_at": _NEVER},
        ),
        (ProductChange, {"code": "P", "release_date": _MIN}),
        (StockChange, {"sku": "S", "warehouse": "1_1", "quantity": 1, "counted_at": _NEVER}),
    ],
)
def test_a_moment_that_is_no_utc_date_is_refused(model: type[BaseModel], values: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="is no date in UTC"):
        model.model_validate(values)


@pytest.mark.parametrize("url", ["https://[x/a.jpg", "https:///.jpg"])
def test_an_image_without_a_host_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="must name the host"):
        Image.model_validate({"url": url})


@pytest.mark.parametrize(
    ("text", "said"), [("bell \x07", "control character U+0007"), ("a\x00b", "NUL"), ("\uffff", "U+FFFF")]
)
def test_a_character_that_no_xml_can_hold_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said.replace("+", r"\+")):
        ProductChange.model_validate({"code": "P", "description": text})


@pytest.mark.parametrize("code", ["A\nB", "A\tB", "A\x07"])
def test_a_code_is_of_one_line(code: str) -> None:
    with pytest.raises(ValidationError, match="must not contain"):
        ProductChange.model_validate({"code": code})
