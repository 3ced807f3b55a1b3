"""Which fields the ERP keeps in express mode can be configured, kind by kind."""

from typing import Any

import pytest

from app.bridge import bridge
from app.config import parse
from app.errors import ConfigurationError
from tests.changes.conftest import Starting
from tests.running import RunningSandbox, configuration

EXPRESS: dict[str, Any] = {"mode": "express", "defaults": {"category_id": 1, "brand_id": 1}}
PRODUCT = {"code": "P", "name": "Of the ERP", "brand_id": 1, "category_id": 1, "description": "Of the ERP"}


@pytest.mark.parametrize(
    ("owned", "mistake"),
    [
        ({"produkt": ["name"]}, "vtex.express_owns.produkt: there is no such kind of state"),
        ({"invoice": ["order"]}, "vtex.express_owns.invoice: there is no such kind of state"),
        ({"product": ["nome"]}, "vtex.express_owns.product: a product has no field nome"),
    ],
)
async def test_an_unknown_kind_or_field_stops_the_start(
    migrated_sqlite_url: str, owned: dict[str, list[str]], mistake: str
) -> None:
    settings = parse(
        configuration(migrated_sqlite_url, "http://127.0.0.1:9", vtex=EXPRESS | {"express_owns": owned})
    )
    with pytest.raises(ConfigurationError, match=mistake):
        async with bridge(settings):
            pass


async def test_a_named_field_is_written_and_the_others_stay_the_teams(
    starting: Starting, sandbox: RunningSandbox, catalog: str
) -> None:
    owned = {"express_owns": {"product": ["name", "category"]}, "catalog": catalog}
    async with starting(vtex=EXPRESS | owned) as running:
        [first] = await running.post("product", PRODUCT)
        await running.reaches(first, "delivered")
        change = {"code": "P", "name": "Renamed", "description": "Rewritten"}
        [second] = await running.post("product", change)
        await running.reaches(second, "delivered")
        [product] = (await sandbox.state())["products"]
    assert (product["Name"], product["Description"]) == ("Renamed", "Of the ERP")
