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
